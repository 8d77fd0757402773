from __future__ import annotations

from activities.media.progress import Progress, ProgressParser


def _feed(parser: ProgressParser, text: str) -> list[Progress]:
    return [progress for line in text.splitlines() if (progress := parser.feed(line)) is not None]


def test_a_run_from_start_to_end() -> None:
    text = """\
frame=0
fps=0.00
out_time_us=N/A
speed=N/A
progress=continue
frame=50
fps=25.5
out_time_us=2000000
out_time=00:00:02.000000
speed=1.02x
progress=continue
frame=100
fps=26
out_time_us=4100000
speed=   2x
progress=end
"""
    assert _feed(ProgressParser(4.0), text) == [
        Progress(done=0.0, percent=0.0, speed=None, fps=0.0, eta=None),
        Progress(done=2.0, percent=50.0, speed=1.02, fps=25.5, eta=2.0),
        Progress(done=4.0, percent=100.0, speed=2.0, fps=26.0, eta=0.0),
    ]


def test_time_never_goes_back() -> None:
    text = "out_time_us=3000000\nprogress=continue\nout_time_us=N/A\nprogress=continue\nout_time_us=-9\nprogress=end\n"
    assert [progress.done for progress in _feed(ProgressParser(10.0), text)] == [3.0, 3.0, 3.0]


def test_an_unknown_duration_gives_no_percent() -> None:
    (progress,) = _feed(ProgressParser(None), "out_time_us=3000000\nspeed=3x\nprogress=continue")
    assert progress == Progress(done=3.0, percent=0.0, speed=3.0, fps=None, eta=None)


def test_lines_that_are_none_are_passed_over() -> None:
    assert _feed(ProgressParser(1.0), "\nhello\n=\nspeed=0x\nprogress=continue") == [
        Progress(done=0.0, percent=0.0, speed=0.0, fps=None, eta=None)
    ]


def test_two_runs_over_the_whole_count_on() -> None:
    parsers = [ProgressParser(10.0), ProgressParser(10.0)]
    seen = []
    for number, parser in enumerate(parsers):
        for micro in (0, 5_000_000, 10_000_000):
            for line in (f"out_time_us={micro}", "speed=2x"):
                parser.feed(line)
            progress = parser.feed("progress=continue")
            assert progress is not None
            seen.append(progress.of_run(number, 2, 10.0))
    assert [progress.percent for progress in seen] == [0, 25, 50, 50, 75, 100]
    assert [progress.done for progress in seen] == [0, 2.5, 5, 5, 7.5, 10]
    assert [progress.eta for progress in seen] == [10, 7.5, 5, 5, 2.5, 0]
    assert seen[0].of_run(0, 1, 10.0) is seen[0]
