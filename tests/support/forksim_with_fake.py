"""The forksim command with the fake program registered, in the processes it spawns too."""

import fake_program  # noqa: F401 - registers itself

from experiments.commands.cli import main

if __name__ == "__main__":
    main()
