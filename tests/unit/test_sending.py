"""What goes in one call, and that nothing of a group overtakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpe.aws.sending import MOST, Outgoing, Sending, fifo_id
from cpe.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Sequence

PASSING = AwsError("later", code="SEND_FAILED", retryable=True)
FINAL = AwsError("never", code="SEND_FAILED")
CALL_SIZE = 262_144


def messages(groups: Sequence[str], size: int = 1) -> list[Outgoing]:
    return [Outgoing(body=f"{number}".rjust(size), group_id=group) for number, group in enumerate(groups)]


def calls(sending: Sending) -> list[list[int]]:
    taken = []
    while call := sending.take():
        taken.append(list(call))
    return taken


def test_without_order_a_call_is_as_full_as_it_may_be() -> None:
    assert calls(Sending(messages("g" * 12), ordered=False)) == [list(range(10)), [10, 11]]
    assert calls(Sending([], ordered=True)) == []


def test_with_order_a_call_has_one_of_a_group() -> None:
    assert calls(Sending(messages("aabac"), ordered=True)) == [[0, 2, 4], [1], [3]]


def test_what_is_larger_than_a_call_goes_alone() -> None:
    assert calls(Sending(messages("abcd", CALL_SIZE // 2), ordered=True)) == [[0, 1], [2, 3]]
    assert calls(Sending(messages("ab", CALL_SIZE + 1), ordered=False)) == [[0], [1]]


def test_what_is_behind_a_message_that_is_refused_for_now_is_not_sent() -> None:
    sending = Sending(messages("aabab"), ordered=True)
    assert list(sending.take()) == [0, 2]
    sending.refuse(0, PASSING)
    assert calls(sending) == [[4]]
    assert sending.outcomes == [PASSING, PASSING, None, PASSING, None]


def test_what_is_refused_for_good_holds_nothing_up() -> None:
    sending = Sending(messages("aa"), ordered=True)
    sending.take()
    sending.refuse(0, FINAL)
    assert calls(sending) == [[1]]
    assert sending.outcomes == [FINAL, None]


def test_after_a_call_that_failed_no_other_is_tried() -> None:
    sending = Sending(messages("aab"), ordered=True)
    sending.take()
    call = sending.take()
    sending.give_up(tuple(call), PASSING)
    assert calls(sending) == []
    assert sending.outcomes == [None, PASSING, None]


@settings(deadline=None)
@given(
    groups=st.lists(st.sampled_from("abc"), max_size=40),
    fates=st.lists(st.sampled_from([None, None, PASSING, FINAL]), min_size=40, max_size=40),
    size=st.sampled_from([1, CALL_SIZE // 3, CALL_SIZE]),
)
def test_nothing_overtakes(groups: list[str], fates: list[AwsError | None], size: int) -> None:
    sent = messages(groups, size)
    sending = Sending(sent, ordered=True)
    arrived: list[int] = []
    while call := sending.take():
        assert len(call) <= MOST
        assert len({message.group_id for message in call.values()}) == len(call)
        assert len(call) == 1 or sum(len(message.body) for message in call.values()) <= CALL_SIZE
        for index in call:
            fate = fates[index]
            if fate is None:
                arrived.append(index)
            else:
                sending.refuse(index, fate)
    assert sorted(arrived) == [index for index, outcome in enumerate(sending.outcomes) if outcome is None]
    for group in set(groups):
        line = [index for index, name in enumerate(groups) if name == group]
        assert [index for index in arrived if index in line] == [i for i in line if i in arrived]
        left = [index for index in line if sending.outcomes[index] is PASSING]
        assert all(index not in arrived for index in line if left and index >= left[0])


@pytest.mark.parametrize("text", ["22wT8aM7:19", "!~", "x" * 128])
def test_ids_that_sqs_takes_stay(text: str) -> None:
    assert fifo_id(text) == text


@pytest.mark.parametrize("text", ["a b", "Ä", "x" * 129, "a\n", "", "\ud800"])
def test_ids_that_it_does_not_take_become_digests(text: str) -> None:
    assert len(fifo_id(text)) == 64
    assert fifo_id(text) != fifo_id(f"{text}.")
