"""What is asked: experiments in YAML, their points, and the `forksim` command."""
