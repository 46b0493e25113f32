"""The bundled traces, each with its format, and their text."""

from __future__ import annotations

import gzip

from workloads.traces.registry import BUNDLED

FORMAT_OF = {
    "redis_monitor.log.gz": "redis_monitor",
    "afl_plot_data_64MiB.csv": "afl_plot_data",
    "afl_plot_data_unix_time.csv": "afl_plot_data",
    "afl_plot_data_relative_time.csv": "afl_plot_data",
    "afl_fuzzer_stats_64MiB.txt.gz": "afl_fuzzer_stats",
    "apache_combined_D.log.gz": "access_log",
    "apache_common.log.gz": "access_log",
    "nginx_combined.log.gz": "access_log",
    "nginx_json.log.gz": "json_log",
    "redis_info.txt.gz": "redis_info",
    "sqlite_tests_1GiB.csv": "sqlite_tests",
    "twitter_cluster026.csv": "twitter_cache",
    "requests.csv": "csv",
    "access_log_converted.csv": "access_csv",
    "afl_plot_data_converted.csv": "execution_csv",
}


def lines_of(name: str) -> list[bytes]:
    """The lines of a bundled trace, with their ends."""
    data = (BUNDLED / name).read_bytes()
    text = gzip.decompress(data) if name.endswith(".gz") else data
    return text.splitlines(keepends=True)
