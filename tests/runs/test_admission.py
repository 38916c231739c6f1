"""Who goes next: caps, turns, no starvation, and what a newcomer has to wait for."""

from collections import Counter, deque
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runs.admission import Admission, SlotPolicy, Ticket
from tests.run_ids import run_id

POLICIES = st.builds(SlotPolicy, st.integers(1, 9), st.integers(1, 4), st.integers(0, 1))
# Who asks, gives up or leaves, and which of those that could.
STEPS = st.lists(
    st.tuples(st.sampled_from("aaalw"), st.integers(0, 3), st.integers(0, 3), st.integers(0, 99)), max_size=80
)


def admit(admission: Admission, waiting: list[Ticket], holding: list[Ticket]) -> Sequence[Ticket]:
    admitted = admission.admit()
    for ticket in admitted:
        waiting.remove(ticket)
        holding.append(ticket)
    return admitted


@given(POLICIES, STEPS)
def test_caps_hold_and_nobody_waits_who_could_go(shares, steps):
    admission, waiting = Admission(shares), []
    holding: list[Ticket] = []
    for kind, tenant, run, which in steps:
        if kind == "a":
            waiting.append(admission.ask(f"t{tenant}", run_id(f"{tenant} {run}")))
        elif kind == "l" and holding:
            admission.release(holding.pop(which % len(holding)))
        elif kind == "w" and waiting:
            admission.release(waiting.pop(which % len(waiting)))
        admit(admission, waiting, holding)
        tenants = Counter(ticket.tenant for ticket in holding)
        runs = Counter(ticket.run for ticket in holding)
        assert admission.held == len(holding) <= shares.total + shares.assured * len(tenants)
        assert all(count <= shares.per_run for count in runs.values())
        assert all(count <= max(shares.assured, -(-shares.total // 2)) for count in tenants.values())
        free = max(shares.assured, shares.total - len(holding))
        for ticket in waiting:
            assert tenants[ticket.tenant] >= free or runs[ticket.run] >= shares.per_run


@given(POLICIES, STEPS, st.randoms(use_true_random=False))
def test_everybody_comes_whatever_order_slots_are_left_in(shares, steps, random):
    admission, waiting = Admission(shares), []
    holding: list[Ticket] = []
    for _, tenant, run, _ in steps:
        waiting.append(admission.ask(f"t{tenant}", run_id(f"{tenant} {run}")))
    while waiting or holding:
        assert admit(admission, waiting, holding) or holding
        admission.release(holding.pop(random.randrange(len(holding))))
    assert admission.held == 0
    assert vars(admission)["_waiting"] == {} == vars(admission)["_of_run"]


@given(st.integers(2, 12), st.integers(1, 50), st.integers(1, 5), st.randoms(use_true_random=False))
def test_a_newcomer_waits_for_one_turn_of_each_other_tenant_at_most(total, flood, tenants, random):
    """However many runs the others have waiting, and though each asks again whenever one ends."""
    admission, waiting = Admission(SlotPolicy(total, per_run=2)), []
    holding: list[Ticket] = []
    for tenant in range(tenants):
        waiting += [admission.ask(f"flood{tenant}", run_id(f"{tenant} {run}")) for run in range(flood)]
    admit(admission, waiting, holding)
    newcomer = admission.ask("new", run_id("one"))
    waiting.append(newcomer)
    admit(admission, waiting, holding)
    ends = 0
    while newcomer in waiting:
        ended = holding.pop(random.randrange(len(holding)))
        admission.release(ended)
        waiting.append(admission.ask(ended.tenant, ended.run))
        admit(admission, waiting, holding)
        ends += 1
    assert ends <= tenants + 1


def test_one_tenant_leaves_room_for_the_next():
    admission = Admission(SlotPolicy(8, per_run=8))
    for tenant, room in [("a", 4), ("b", 2), ("c", 1), ("d", 1)]:
        for _ in range(10):
            admission.ask(tenant, run_id(tenant))
        assert len(admission.admit()) == room
    admission.ask("e", run_id("e"))
    assert admission.admit() == ()


@pytest.mark.parametrize("workers", [1, 2, 5, 64])
def test_a_run_alone_has_all_that_it_can_use(workers):
    admission = Admission(SlotPolicy(4 * workers, per_run=workers, assured=1))
    for _ in range(3 * workers):
        admission.ask("alone", run_id("run"))
    assert len(admission.admit()) == workers


def test_an_assured_slot_is_had_though_none_is_free():
    admission = Admission(SlotPolicy(2, per_run=9, assured=1))
    for _ in range(9):
        admission.take("many", run_id("run"))
    admission.ask("many", run_id("run"))
    mine = [admission.ask("other", run_id("one")) for _ in range(2)]
    assert admission.admit() == (mine[0],)
    admission.release(mine[0])
    assert admission.admit() == (mine[1],)


@pytest.mark.parametrize(("at_work", "part"), [(1, 8), (2, 2), (3, 1), (4, 1), (9, 1)])
def test_tenants_at_work_have_equal_parts_and_one_in_any_case(at_work, part):
    admission = Admission(SlotPolicy(64, per_run=8, assured=1, crowded=4))
    for _ in range(20):
        admission.ask("greedy", run_id("run"))
    assert len(admission.admit(at_work)) == part
    assert admission.admit(at_work) == ()
    mine = admission.ask("other", run_id("one"))
    assert admission.admit(at_work) == (mine,)
    assert len(admission.admit(1)) == 8 - part  # once the others work no more


def test_who_holds_or_waits_has_to_do_with_it():
    admission = Admission(SlotPolicy(1, per_run=1))
    first, second = admission.ask("a", run_id("run")), admission.ask("b", run_id("run"))
    admission.admit()
    assert admission.tenants == {"a", "b"}
    admission.release(second)
    assert admission.tenants == {"a"}
    admission.release(first)
    assert admission.tenants == frozenset()


def test_runs_of_a_tenant_take_turns():
    admission = Admission(SlotPolicy(2, per_run=9))
    tickets = deque(admission.ask("t", run_id(run)) for run in "aaabbc")
    order = []
    while admitted := admission.admit():
        [ticket] = admitted
        order.append(ticket.run)
        tickets.remove(ticket)
        admission.release(ticket)
        admission.release(ticket)
    assert "".join(map(str, order)) == "abcaba"


def test_who_gives_up_waiting_is_forgotten():
    admission = Admission(SlotPolicy(1, per_run=1))
    held, given_up, next_one = (admission.ask("t", run_id(run)) for run in "abc")
    assert admission.admit() == (held,)
    admission.release(given_up)
    admission.release(given_up)
    assert admission.admit() == ()
    admission.release(held)
    assert admission.admit() == (next_one,)
