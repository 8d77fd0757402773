"""Makes videos together: from one decoding, in segments side by side where that pays, and the sound once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from activities.ffmpeg.crew import Crew
from activities.ffmpeg.workshop import Workshop
from activities.media.codecs import AudioEncoder
from activities.media.locations import Location
from activities.media.planner import LadderPlan, plan_ladder
from activities.media.probe import MediaInfo
from activities.media.segments import Frames, Segment, cut, stretch_of
from activities.media.split import version_of_sound, versions_of_sound
from activities.media.timing import timing_of
from activities.media.video_output import VideoOutput
from activities.sound.sound_versions import encode_sounds
from activities.source.source import Source
from activities.task.joint_report import JointReport
from activities.task.making import Making
from activities.verify.verify import verify_duration
from activities.verify.verify_parts import Picture, Sound, verify_sound
from activities.video.assembly import Parts, assemble, verify_assembled
from activities.video.captions import CaptionReader, CaptionWriter
from activities.video.segment_maker import SegmentMaker
from cpe.errors import ActivityError

_PART = "part"
_INVALID = "OUTPUT_INVALID"
_WHOLE = Segment(index=0, start=None, end=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A finished video: its file in the scratch directory, and what is in it."""

    file: str
    info: MediaInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encoded:
    """What one run encoded: a segment of all outputs, None for one that lacks frames; or all sounds."""

    pictures: Sequence[Picture | None] = ()
    sounds: Sequence[Sound] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Videos of one source that are made together.

    Attributes:
        making: The task.
        source: Its input, or the part of it that all outputs show.
        frames: The input's frames, with that part.
        outputs: The videos.
        audio: For the name of each audio encoder asked for, the one this machine has.
        watermarks: The file of each watermark.
        captions: Reads the captions.
        plan: How they are made.
    """

    making: Making
    source: Source
    frames: Frames
    outputs: Sequence[VideoOutput]
    audio: Mapping[str, AudioEncoder]
    watermarks: Mapping[Location, str]
    captions: CaptionReader
    plan: LadderPlan

    @classmethod
    def of(
        cls,
        making: Making,
        source: Source,
        frames: Frames,
        outputs: Sequence[VideoOutput],
        *,
        audio: Mapping[str, AudioEncoder],
        watermarks: Mapping[Location, str],
        captions: CaptionReader,
    ) -> Ladder:
        """Plan videos for this machine; the arguments are the attributes."""
        seconds = float(frames.last - frames.first)
        return cls(
            making=making,
            source=source,
            frames=frames,
            outputs=outputs,
            audio=audio,
            watermarks=watermarks,
            captions=captions,
            plan=plan_ladder(outputs, source.video, seconds=seconds, machine=making.machine),
        )

    def make(self, files: Sequence[str]) -> list[Made | None]:
        """Make the videos in these files, and verify them.

        Returns:
            The videos; None for one that has to be made by itself. Its segments lack frames, or do not fit
            together exactly: the source is damaged, and what is left of it does not divide; or the encoder
            knows few frame rates, and moves frames to those.

        Raises:
            ActivityError: One could not be made, or lacks a part of the source.
        """
        making = self.making
        segments = cut(self.frames, self.plan.segments, demuxer=self.source.info.demuxer)
        if not segments and self.outputs[0].excerpt is not None:
            return [None for _ in self.outputs]
        segments = segments or (_WHOLE,)
        keys = [output.target.location.key for output in self.outputs]
        report = JointReport(making.context, keys, self.source.info.video_duration, runs=len(segments))
        making.context.log.info("ladder.planned", outputs=len(self.outputs), segments=len(segments))
        sounds = versions_of_sound(self.outputs) if self.source.info.audio else ()
        # One more than there are processors: the sound is short, and would else be made after all the rest.
        with Crew.of(making.workshop, self.plan.at_once + bool(sounds)) as crew:
            with making.stopwatch.measure("encode"):
                files_of_sound = [f"sound-{version}" for version in range(len(sounds))]
                parts = self._encode(crew, segments, files_of_sound, report)
            with making.stopwatch.measure("verify"):
                joins = [
                    partial(self._join, crew.workshop, output, known, file)
                    for output, known, file in zip(self.outputs, parts, files, strict=True)
                ]
                made = crew.all_of(joins)
        apart = [key for key, one in zip(keys, made, strict=True) if one is None]
        for key in apart:
            making.context.log.warning("ladder.inexact", key=key)
        report.finish(but=apart)
        return made

    def _encode(
        self, crew: Crew, segments: Sequence[Segment], sounds: Sequence[str], report: JointReport
    ) -> list[Parts | None]:
        """Encode segments and sounds; return the parts of each output, None for one that lacks frames."""
        maker = SegmentMaker(
            workshop=crew.workshop,
            source=self.source,
            # The source is that part already.
            outputs=[replace(output, excerpt=None) for output in self.outputs],
            first=self.frames.first,
            watermarks=self.watermarks,
            log=self.making.context.log,
        )
        threads = self.plan.threads if len(segments) > 1 else None
        runs = [partial(self._make_segment, maker, segment, threads, report) for segment in segments]
        make_sounds = [partial(self._make_sounds, crew.workshop, sounds)] if sounds else []
        encoded = crew.all_of([*make_sounds, *runs])
        heard = [sound for run in encoded for sound in run.sounds]
        seen = [run.pictures for run in encoded if run.pictures]
        return [
            self._parts(output, segments, [pictures[index] for pictures in seen], heard)
            for index, output in enumerate(self.outputs)
        ]

    @staticmethod
    def _make_segment(
        maker: SegmentMaker, segment: Segment, threads: int | None, report: JointReport
    ) -> _Encoded:
        return _Encoded(
            pictures=maker.make(
                segment,
                maker.renditions(segment, f"{_PART}-{segment.index}"),
                threads=threads,
                report=report.of(segment.index),
            )
        )

    def _make_sounds(self, workshop: Workshop, files: Sequence[str]) -> _Encoded:
        """Make all versions of the sound."""
        versions = versions_of_sound(self.outputs)
        made = encode_sounds(
            workshop, self.source, versions, files, audio=self.audio, report=lambda _progress: None
        )
        seconds = self.source.audio.duration
        return _Encoded(
            sounds=[
                verify_sound(workshop, file, version.encoder, seconds=seconds)
                for file, version in zip(files, made, strict=True)
            ]
        )

    def _parts(
        self,
        output: VideoOutput,
        segments: Sequence[Segment],
        pictures: Sequence[Picture | None],
        sounds: Sequence[Sound],
    ) -> Parts | None:
        """Return the parts of an output; None when a segment lacks frames."""
        known = [picture for picture in pictures if picture is not None]
        if len(known) < len(segments):
            return None
        timing = timing_of(output, self.source.video)
        return Parts(
            pictures=known,
            begins=[stretch_of(segment, timing, self.frames.first).begin for segment in segments],
            sound=sounds[versions_of_sound(self.outputs).index(version_of_sound(output))] if sounds else None,
        )

    def _join(self, workshop: Workshop, output: VideoOutput, parts: Parts | None, file: str) -> Made | None:
        if parts is None:
            return None
        writer = CaptionWriter(workshop=workshop, output=output, texts=self.captions.of(output))
        parts = replace(parts, captions=writer.tracks(file))
        try:
            assemble(workshop, output, parts, file, report=lambda _progress: None)
            made = verify_assembled(workshop, output, parts, file)
            # That is as long as its segments. Whether these are all of the source, only the source tells.
            verify_duration(made, self.source.info)
            return Made(file=file, info=made)
        except ActivityError as error:
            if error.code != _INVALID:
                raise
            return None
        finally:
            for picture in parts.pictures:
                (workshop.directory / picture.file).unlink(missing_ok=True)
