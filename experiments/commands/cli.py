"""The ``forksim`` command: what it takes; what it does stands in `experiments.commands`.

Every command imports its module when it is called, so that ``--help`` answers at once.
"""

from __future__ import annotations

from typing import Any

import click

from experiments.commands.ending import Commands, call

_SETTINGS = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="A.B=C",
    help="Put a value over the file's; repeatable. The value is YAML: --set sweep=[]",
)
_SLO = click.option(
    "--slo",
    "limits",
    multiple=True,
    metavar="METRIC=LIMIT",
    help="A limit besides the file's slo: p99.9=10ms, memory=40GiB, throughput=20k/s; repeatable. "
    "The exit code is 3 if one is missed.",
)
_JOBS = click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    envvar="FORKSIM_JOBS",
    help="Processes to use; 1 is this one.  [default: FORKSIM_JOBS, or one per core]",
)
_FIGURES = click.option(
    "--figures",
    metavar="png,...",
    help="Formats of figures, or none.  [default: png,svg,pdf]",
)
_ONLY = click.option(
    "--only",
    multiple=True,
    metavar="A.B=C",
    help="Only points that have this value; repeatable, of one field any of the values.",
)
_YES = click.option(
    "--yes", "any_size", is_flag=True, help="Allow a sweep of more than 100,000 combinations."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_MARKDOWN = click.option("--markdown", is_flag=True, help="Print Markdown tables.")
_METRIC = click.option("--metric", metavar="NAME,...", help="These metrics: p99,fork_mean,memory.")
_ALL = click.option("--all", "every", is_flag=True, help="All metrics, not only a handful.")


def _shown(command: Any) -> Any:
    """What every command takes that prints a run."""
    for option in (
        _MARKDOWN,
        _JSON,
        click.option("--phases", is_flag=True, help="Also a table of each fork's phases."),
        click.option("--notes", is_flag=True, help="Every note by itself, not summed up."),
        click.option("--all", "every", is_flag=True, help="All metrics and notes."),
        _METRIC,
    ):
        command = option(command)
    return command


@click.group("forksim", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="forksim")
def main() -> None:
    """Simulate what fork does to a program's tail latency, and what another fork would do."""


@main.command()
@click.argument("file")
@_SETTINGS
@_SLO
@_ONLY
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Only the first N points that are missing."
)
@_YES
@click.option("--out", metavar="DIR", help="Folder of the results.  [default: runs/NAME]")
@_shown
@_JOBS
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Use a Dask cluster and no --jobs: tcp://HOST:8786, or local[:N] to try one here.",
)
@click.option("--tls-ca", metavar="FILE", help="Of a tls:// scheduler: who is trusted, in PEM.")
@click.option("--tls-cert", metavar="FILE", help="This end's certificate, in PEM.")
@click.option("--tls-key", metavar="FILE", help="Its key.  [default: in --tls-cert]")
@click.option("--timeout", metavar="TIME", help="Stop a point after so long: 60s.")
@click.option("--memory", metavar="SIZE", help="Let a point allocate so much at most: 4GiB.")
@click.option(
    "--start-method",
    type=click.Choice(["spawn", "forkserver"]),
    help="How processes start.  [default: spawn]",
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first point that fails.")
@click.option(
    "--events", metavar="FILE", help="Write what happens as JSON lines; - is standard error."
)
@click.option(
    "--spans",
    metavar="FROM..TO",
    help="Also keep who ran where and waited for what then, in simulated time: 9.9s..10.3s.",
)
@_FIGURES
def run(**arguments: Any) -> None:
    """Run the experiment in FILE, a YAML file; points already in the folder are kept."""
    call("run", **arguments)


@main.command()
@click.argument("file")
@click.option("--field", required=True, metavar="A.B", help="What to vary: workload.dataset.")
@_SLO
@click.option(
    "--by",
    metavar="FIELD[=V,...]",
    help="An answer for each value of it: fork.kind=classic,on_demand.  "
    "[default: for all that the file sweeps]",
)
@click.option("--from", "first", metavar="VALUE", help="The least value.  [default: open]")
@click.option("--to", "last", metavar="VALUE", help="The greatest value.  [default: open]")
@click.option(
    "--find",
    "find_what",
    type=click.Choice(["largest", "smallest"]),
    help="Which value that meets.  [default: as the ends say, else the largest]",
)
@_SETTINGS
@click.option("--out", metavar="DIR", help="Folder of the results.  [default: runs/NAME]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_JOBS
@_FIGURES
def capacity(**arguments: Any) -> None:
    """Find up to which value of a field the experiment in FILE meets its limits."""
    call("capacity", **arguments)


@main.command()
@click.argument("file")
@_SETTINGS
@_ONLY
@_YES
@click.option("--out", metavar="DIR", help="Folder of the results.  [default: runs/NAME]")
@_JSON
def plan(**arguments: Any) -> None:
    """List the points of the experiment in FILE: what is done, how long the rest will take."""
    call("plan", **arguments)


@main.command()
@click.argument("file")
@_SETTINGS
@_YES
@_JSON
def validate(**arguments: Any) -> None:
    """Say whether the experiment in FILE is valid, and how many points it has."""
    call("validate", **arguments)


@main.command("validate-data")
@click.argument("folder", metavar="DIR")
@click.option(
    "--profile", required=True, metavar="P", help="The machine: a profile's name or file."
)
@click.option("--only", metavar="FILE,...", help="These files alone, such as fork_micro.")
@_JSON
def validate_data(**arguments: Any) -> None:
    """Say how near a profile's predictions come to rows that were measured, in DIR."""
    call("validate_data", **arguments)


@main.command()
@click.argument("folder", metavar="DIR")
@click.option("--check", is_flag=True, help="Read every record to find damaged ones.")
@_JSON
def status(**arguments: Any) -> None:
    """Say how far the run in DIR is: points done, failed and missing, damaged records."""
    call("status", **arguments)


@main.command()
@click.argument("folder", metavar="RUN")
@_SLO
@_shown
def show(**arguments: Any) -> None:
    """Print RUN, the folder of a run, as it was printed when it was run."""
    call("show", **arguments)


@main.command()
@click.argument("folder", metavar="RUN")
@click.argument("point", required=False)
@click.option("--from", "first", metavar="TIME", help="Simulated time: 9.9s.  [default: 0s]")
@click.option("--to", "last", metavar="TIME", help="10.3s.  [default: the end]")
@click.option(
    "--out", metavar="FILE", help="Write here: .json or .json.gz.  [default: RUN/timeline.json.gz]"
)
@click.option(
    "--most",
    type=click.IntRange(1),
    default=200_000,
    show_default=True,
    metavar="N",
    help="So many slices and counts; more are joined to longer ones.",
)
@click.option(
    "--file",
    metavar="FILE",
    help="The experiment's, beside which it finds what it names relatively: traces, profiles.",
)
def timeline(**arguments: Any) -> None:
    """Write what happened in RUN, a run's folder, as a trace that Perfetto opens.

    POINT is the beginning of a point's id or a value that it alone has, as fork.kind=huge.
    """
    call("timeline", **arguments)


@main.command()
@click.argument("folder", metavar="RUN")
@click.option(
    "--by", default="fork.kind", show_default=True, metavar="FIELD", help="What to compare."
)
@click.option("--baseline", metavar="VALUE", help="Compare with this one.  [default: classic]")
@_METRIC
@_ALL
@_JSON
@_MARKDOWN
def compare(**arguments: Any) -> None:
    """Say which fork is faster in RUN, a run's folder, and how sure that is."""
    call("compare", **arguments)


@main.command()
@click.argument("folder", metavar="RUN")
@click.option("--out", metavar="FILE", help="Write here.  [default: report.html in RUN]")
def report(**arguments: Any) -> None:
    """Write RUN, a run's folder, as one page of HTML that stands by itself."""
    call("report", **arguments)


@main.command()
@click.argument("folder", metavar="RUN")
@click.option(
    "--by", metavar="FIELD", help="Swept field to set side by side.  [default: fork.kind]"
)
@click.option("--phase", metavar="PHASE", help="Only requests of a phase of forks, such as during.")
@_FIGURES
@click.option("--out", metavar="FILE", help="Draw this alone: .png, .svg or .pdf.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def blame(**arguments: Any) -> None:
    """Say what the latencies of RUN, a run's folder, were spent on, by band of percentiles."""
    call("blame", **arguments)


@main.command()
@click.argument("folder", metavar="RUN")
@click.argument("target", metavar="FILE")
def export(**arguments: Any) -> None:
    """Write RUN to FILE, as its ending says.

    .csv or .parquet has a row per point, repetition and metric; - is CSV on standard output; .hgrm,
    or a folder for several, has percentiles as HdrHistogram and memtier print them.
    """
    call("export", **arguments)


@main.command()
@click.argument("folder", metavar="RUN")
@click.option("--x", metavar="FIELD", help="Swept field along x, such as workload.dataset.")
@click.option("--y", metavar="METRICS", help="Along y: p99, p99_ms, or several: p99.9,throughput.")
@click.option("--hue", metavar="FIELD", help="Swept field that colours tell apart.")
@click.option("--log", metavar="x,y", help="Logarithmic axes, or none.  [default: by the data]")
@click.option(
    "--tornado", metavar="METRIC", help="How far each scaled constant of the profile moves METRIC."
)
@click.option("--phases", is_flag=True, help="Latencies by phase of a snapshot.")
@click.option("--out", metavar="FILE", help="Write here: .png, .svg or .pdf.  [default: in RUN]")
def plot(**arguments: Any) -> None:
    """Draw RUN, a run's folder; without options the picture that its sweep gets by itself."""
    call("plot", **arguments)


_PROFILE = click.option(
    "--profile",
    metavar="NAME",
    help="The machine: a profile's name or file.  [default: epyc-7302p-linux-5.6]",
)


@main.command()
@click.argument("name", metavar="NAME")
@_SETTINGS
@_PROFILE
@_JSON
def explain(**arguments: Any) -> None:
    """Say what a fork does and costs (on_demand --set fork.variant=head), or a program takes."""
    call("explain", **arguments)


@main.command()
@click.option("--size", metavar="SIZE", help="Memory of the process: 50GiB.")
@click.option(
    "--pid", type=click.IntRange(1), metavar="N", help="Or a process that runs here (Linux)."
)
@click.option(
    "--smaps",
    metavar="FILE",
    help="Or one elsewhere: its /proc/N/smaps, best with status before it (cat status smaps).",
)
@_PROFILE
@click.option(
    "--fork",
    "forks",
    multiple=True,
    metavar="FORK",
    help="Only this one; repeatable: huge, or '{kind: classic6, folio: 64KiB}'.",
)
@click.option(
    "--heap",
    type=click.Choice(["fresh", "loaded", "aged"]),
    help="Of --size: just filled (fresh), on a machine that has run for long (loaded), or copied "
    "by snapshots (aged).",
)
@click.option("--scattered", metavar="SHARE", help="Or so many of its page frames: 0.3, 30%.")
@_JSON
@_MARKDOWN
def fork(**arguments: Any) -> None:
    """Compare one fork of a process under every scheme: pause, first writes, exit, memory."""
    call("fork", **arguments)


@main.command()
@click.argument("program", metavar="PROGRAM")
@click.option("--from-info", "info", metavar="FILE", help="Of a Redis: what its INFO (all) said.")
@click.option("--from-conf", "conf", metavar="FILE", help="Of a Redis: its redis.conf.")
@_SETTINGS
@click.option("--out", metavar="FILE", help="Write here.  [default: standard output]")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def init(**arguments: Any) -> None:
    """Write an experiment to start from, each field explained: forksim init redis."""
    call("init", **arguments)


@main.command("list")
@_JSON
def list_(**arguments: Any) -> None:
    """List what an experiment can name: workloads, forks, machine profiles, examples."""
    call("list", **arguments)


@main.command()
def schema() -> None:
    """Print the JSON Schema of an experiment, for editors."""
    call("schema")


@main.command()
@click.option("--only", metavar="ID,...", help="Some items, such as fig07,table4.")
@click.option(
    "--out", metavar="DIR", default="runs/paper", show_default=True, help="Folder of the results."
)
@_JOBS
@_FIGURES
@_JSON
def paper(**arguments: Any) -> None:
    """Regenerate the paper's figures and tables, and how far the simulation is from them."""
    call("paper", **arguments)


@main.group(no_args_is_help=False)
def calibrate() -> None:
    """Make a machine profile: of the paper's machine, of measured ones, of your own."""


@calibrate.command("paper")
@click.option("--out", metavar="FILE", help="Write the fitted profile here.")
@_JSON
def calibrate_paper(**arguments: Any) -> None:
    """Fit a machine profile to the paper's micro-benchmarks and print the residuals."""
    call("calibrate", **arguments)


_PROFILE_OUT = click.option(
    "--out",
    metavar="NAME",
    required=True,
    help="Its name, by which experiments find it; or a file, NAME.yaml or with a folder.",
)
_BASED_ON = click.option(
    "--based-on",
    metavar="PROFILE",
    default="epyc-7302p-linux-5.6",
    show_default=True,
    help="The bundled profile that stands in for what is not measured.",
)
_KERNEL = click.option("--kernel", metavar="RELEASE", help="The release of Linux, such as 6.12.")


@calibrate.command("fit")
@click.argument("folder", metavar="DIR", type=click.Path())
@_PROFILE_OUT
@_KERNEL
@_BASED_ON
@click.option("--up-to", metavar="SIZE", help="Leave out forks of more memory.")
@_JSON
def calibrate_fit(**arguments: Any) -> None:
    """Fit a profile to measured rows: fork_micro.csv and, if they are there, others."""
    call("calibrate_fit", **arguments)


@calibrate.command("host")
@_PROFILE_OUT
@click.option(
    "--seconds",
    type=click.IntRange(1, 3600),
    default=60,
    show_default=True,
    metavar="N",
    help="Measure so long.",
)
@click.option("--memory", metavar="SIZE", help="Take so much at most.  [default: 8GiB, or half]")
@_BASED_ON
@_JSON
def calibrate_host(**arguments: Any) -> None:
    """Measure the machine that this runs on, and fit a profile to it."""
    call("calibrate_host", **arguments)


@calibrate.command("info")
@click.argument("info", metavar="[INFO]", required=False, type=click.Path())
@click.option("--fork-time", metavar="TIME", help="How long a fork took, without a file of INFO.")
@click.option("--size", metavar="SIZE", help="Of what resident memory.")
@_PROFILE_OUT
@_KERNEL
@_BASED_ON
@_JSON
def calibrate_info(**arguments: Any) -> None:
    """Scale a profile to one fork that was seen, as in what a Redis's INFO says."""
    call("calibrate_info", **arguments)


@main.group(no_args_is_help=False)
def trace() -> None:
    """Look into traces of real programs, or convert them."""


def _reading(command: Any) -> Any:
    """What every command takes that reads a trace."""
    for option in (
        click.option(
            "--skip-damaged",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            metavar="N",
            help="Skip and count so many lines that are not of the format.",
        ),
        click.option(
            "--columns",
            metavar="NAME,...",
            help="Names of the columns in order: of a CSV time_s,key,op ..., of an access log "
            "those of the fields behind the size. Or which column, key or directive is what: "
            "key=objid,time_ms=2.",
        ),
        click.option(
            "--log-format",
            metavar="TEXT",
            help="Of an access log: Apache's LogFormat or NGINX's log_format.",
        ),
        click.option(
            "--operations",
            metavar="CODE=NAME,...",
            help="Of commands on keys: what codes of operations mean, as 0=get,1=set.",
        ),
        click.option(
            "--rate",
            metavar="RATE",
            help="Of records that have no times: how many come a second.",
        ),
        click.option(
            "--unit",
            type=click.Choice(["ns", "us", "ms", "s"]),
            help="Of times whose column does not say; of an access log's last field.",
        ),
        click.option(
            "--format", "format_name", metavar="NAME", help="Of the trace.  [default: recognised]"
        ),
        click.argument("file"),
    ):
        command = option(command)
    return command


@trace.command()
@_reading
@_JSON
def inspect(**arguments: Any) -> None:
    """Say what the trace in FILE holds: format, span, rates, popularity, skipped lines."""
    call("trace", "inspect", **arguments)


@trace.command()
@_reading
@click.option(
    "--to", type=click.Choice(["csv", "npz"]), default="csv", show_default=True, help="New format."
)
@click.option("--out", metavar="FILE", help="Write here.  [default: standard output]")
def convert(**arguments: Any) -> None:
    """Convert the trace in FILE; a CSV of commands on keys can be replayed as any trace."""
    call("trace", "convert", **arguments)
