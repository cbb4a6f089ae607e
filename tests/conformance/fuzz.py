"""Ask the engine millions of questions: `make fuzz-engine ARGS="--count 2000000"`.

Two fuzzers share the time. `unleash` compares the engine with Unleash's own on generated
payloads; a difference is shrunk and saved in `tests/conformance/found`, where the tests ask
it again. `contexts` sends what no sensible client sends and looks that nothing raises and
no legal block opens; it prints what broke the promise.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from random import SystemRandom
from typing import Any, NoReturn

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from flags.engine.definitions import Definitions
from tests.conformance.compare import Difference, find_difference, shrink
from tests.conformance.crowds import draw_crowd
from tests.conformance.payloads import definitions, write_as_it_is
from tests.unit.engine.bad_contexts import check_bad_contexts, lawful_definitions
from tests.unit.engine.worlds import contexts

WORLDS_PER_ROUND = 50
PEOPLE_PER_PAYLOAD = 300
PEOPLE_PER_WORLD = 20
MANGLES_PER_PERSON = 20
REPORT_SECONDS = 10

QUIET = settings(
    max_examples=WORLDS_PER_ROUND,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
    report_multiple_bugs=False,
)


class Differs(AssertionError):
    """The engines differ; carries the case."""

    def __init__(self, difference: Difference) -> None:
        """Take the case."""
        super().__init__(str(difference))
        self.difference = difference


def compare_with_unleash(seed: int) -> int:
    """Compare on one round of payloads; return how many answers were the same."""
    done = 0

    @seeded(seed)
    @QUIET
    @given(world=definitions(), crowd_seed=st.integers(0, 2**32), inline=st.booleans())
    def ask(world: Definitions, crowd_seed: int, *, inline: bool) -> None:
        nonlocal done
        crowd = draw_crowd(crowd_seed, PEOPLE_PER_PAYLOAD)
        difference = find_difference(write_as_it_is(world, inline=inline), crowd)
        if difference is not None:
            raise Differs(difference)
        done += len(crowd) * len(world.features)

    ask()
    return done


def send_bad_contexts(seed: int) -> int:
    """Send one round of bad contexts; return how many were answered as promised."""
    done = 0

    @seeded(seed)
    @QUIET
    @given(
        world=lawful_definitions(),
        crowd=st.lists(contexts(), min_size=PEOPLE_PER_WORLD, max_size=PEOPLE_PER_WORLD),
        mangle_seed=st.integers(0, 2**32),
    )
    def ask(world: Definitions, crowd: list[dict[str, Any]], mangle_seed: int) -> None:
        nonlocal done
        done += check_bad_contexts(world, crowd, mangle_seed, times=MANGLES_PER_PERSON)

    ask()
    return done


FUZZERS: dict[str, Callable[[int], int]] = {
    "unleash": compare_with_unleash,
    "contexts": send_bad_contexts,
}


def work(name: str, seed: int, answers: Any) -> None:
    """Run rounds of one fuzzer for ever and tell how each went."""
    while True:
        try:
            answers.put((seed, FUZZERS[name](seed), ""))
        except Differs as found:
            file = shrink(found.difference).save()
            answers.put((seed, 0, f"the engines differ; the case is saved as {file}\n{found}"))
            return
        except BaseException as error:  # noqa: BLE001  # whatever broke is the finding
            notes = "\n".join(getattr(error, "__notes__", ()))
            answers.put((seed, 0, f"{type(error).__name__}: {error}\n{notes}"))
            return
        seed += 1


def fuzz(name: str, *, count: int, seconds: float, processes: int, seed: int) -> bool:
    """Run one fuzzer until a count or a time is reached; print its rate; tell if all was well."""
    spawn = get_context("spawn")
    answers = spawn.Queue()
    workers = [
        spawn.Process(target=work, args=(name, seed + 10**6 * number, answers), daemon=True)
        for number in range(processes)
    ]
    begun = told = time.monotonic()
    for worker in workers:
        worker.start()
    done, trouble = 0, ""
    while not trouble:
        last, more, trouble = answers.get()
        done += more
        now = time.monotonic()
        over = done >= count if count else now - begun >= seconds
        if over or trouble or now - told >= REPORT_SECONDS:
            told = now
            rate = done / (now - begun)
            tell(f"{name}: {done:,} in {now - begun:.0f} s, {rate:,.0f} a second")
        if over:
            break
    for worker in workers:
        worker.terminate()
    if trouble:
        tell(f"{name}: seed {last}: {trouble}")
    return not trouble


def tell(text: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> NoReturn:
    """Read the arguments, run the fuzzers one after the other, exit 1 when one found something."""
    parser = argparse.ArgumentParser(prog="make fuzz-engine", description=__doc__)
    parser.add_argument("--only", choices=sorted(FUZZERS), help="one fuzzer instead of both")
    parser.add_argument("--count", type=int, default=1_000_000, help="questions of each fuzzer")
    parser.add_argument("--seconds", type=float, default=0, help="a time for each instead")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, help="the seed that a finding named")
    given = parser.parse_args()
    seed = SystemRandom().randrange(10**6) if given.seed is None else given.seed
    names = [given.only] if given.only else list(FUZZERS)
    fine = [
        fuzz(
            name,
            count=0 if given.seconds else given.count,
            seconds=given.seconds,
            processes=given.processes,
            seed=seed,
        )
        for name in names
    ]
    sys.exit(not all(fine))


if __name__ == "__main__":
    main()
