"""Turns: who makes way for whom."""

from __future__ import annotations

import threading

from cpe.daemons.turns import Turns

AGES = 60.0


def test_a_client_alone_makes_way_for_nobody() -> None:
    turns = Turns(longest=AGES)
    with turns.in_hand("A", 20):
        assert turns.make_way("A")


def test_a_client_with_few_commands_goes_first() -> None:
    turns = Turns(longest=0.0)
    with turns.in_hand("A", 20), turns.in_hand("B", 1):
        assert turns.make_way("B")
        assert not turns.make_way("A")
    with turns.in_hand("A", 20):
        assert turns.make_way("A")


def test_clients_with_as_many_go_side_by_side() -> None:
    turns = Turns(longest=0.0)
    with turns.in_hand("A", 10), turns.in_hand("B", 10):
        assert turns.make_way("A")
        assert turns.make_way("B")


def test_a_client_that_made_way_goes_on_when_the_other_is_done() -> None:
    turns = Turns(longest=AGES)
    went = threading.Event()

    def go() -> None:
        assert turns.make_way("A")
        went.set()

    with turns.in_hand("A", 20):
        with turns.in_hand("B", 1):
            waiting = threading.Thread(target=go)
            waiting.start()
            assert not went.is_set()
        waiting.join(AGES)
        assert went.is_set()


def test_nobody_makes_way_for_ever() -> None:
    turns = Turns()
    with turns.in_hand("A", 20), turns.in_hand("B", 1):
        assert not turns.make_way("A")
