"""Faults are told by kind, of several memories together, and from the loading on."""

from __future__ import annotations

import numpy as np
from programs import setup

from sim.measures.metrics import Group
from workloads.running.faults import LoadedMemory, everything_counted, faults_since_loading
from workloads.running.pages import PAGE_BYTES, pages_of


def test_what_loading_did_is_left_out_and_memories_are_added_up() -> None:
    kernel = setup().kernel()
    memories = []
    for written in (3, 5):
        mm = kernel.start_program()
        area = mm.map(1024)
        kernel.touch(mm, area.start_page + np.arange(100), True)
        memories.append(LoadedMemory(mm.memory))
        kernel.touch(mm, area.start_page + 512 + np.arange(written), True)
    assert [memory.since().actions["zero_fill"] for memory in memories] == [3, 5]
    found = faults_since_loading(*memories)
    by_name = {metric.name: count for metric, count in found.items()}
    assert by_name["faults/zero_fill"] == 8
    assert sum(by_name.values()) == 8
    assert {metric.group for metric in found} == {Group.FAULTS}
    assert {metric.label for metric in found} == {name[len("faults/") :] for name in by_name}
    assert faults_since_loading() == dict.fromkeys(found, 0)


def test_everything_counted_is_the_faults_and_the_rest() -> None:
    memory = LoadedMemory(setup().kernel().start_program().memory)
    found = everything_counted(memory.since())
    faults = {metric for metric in found if metric.group is Group.FAULTS}
    assert faults == set(faults_since_loading(memory))
    assert {metric.name for metric in found.keys() - faults} == set(memory.since().events())


def test_pages_of_a_size_are_whole() -> None:
    sizes = (1, PAGE_BYTES - 1, PAGE_BYTES, PAGE_BYTES + 1, 2**42)
    assert [pages_of(size) for size in sizes] == [1, 1, 1, 2, 2**30]
