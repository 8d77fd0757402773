// Plays what /plans lists, one after the other, and posts what happened to /report.
"use strict";

const video = document.getElementById("video");
const NEAR_END = 0.5;

// A busy machine makes some plays stall; what is wrong with a ladder makes all of them. Errors are never tried again.
const TRIES = 3;

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function until(condition, seconds, what) {
  const end = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await pause(20);
  }
}

function openHls(plan, errors) {
  const hls = new Hls({ autoStartLoad: false });
  const level = (width) => hls.levels.findIndex((one) => one.width === width);
  hls.on(Hls.Events.ERROR, (_, data) => {
    // A seek lets hls.js break off what it is loading, and it says so.
    if (data.details === Hls.ErrorDetails.INTERNAL_ABORTED && !data.fatal) return;
    errors.push(`${data.type} ${data.details} ${data.error ?? ""}`);
  });
  const ready = new Promise((done) => hls.on(Hls.Events.MANIFEST_PARSED, done));
  hls.loadSource(plan.source);
  hls.attachMedia(video);
  return {
    ready: ready.then(() => {
      hls.startLevel = hls.loadLevel = level(plan.width);
      hls.startLoad();
      if (plan.text !== undefined) {
        hls.subtitleTrack = hls.subtitleTracks.findIndex((one) => one.lang === plan.text);
        hls.subtitleDisplay = true;
      }
    }),
    choose: (width) => { hls.nextLevel = level(width); },
    close: () => hls.destroy(),
  };
}

function openDash(plan, errors) {
  const dash = dashjs.MediaPlayer().create();
  dash.updateSettings({
    debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE },
    streaming: {
      abr: { autoSwitchBitrate: { video: false, audio: false } },
      text: { defaultEnabled: plan.text !== undefined },
    },
  });
  dash.on(dashjs.MediaPlayer.events.ERROR, (event) => errors.push(`${event.error.code} ${event.error.message}`));
  const ready = new Promise((done) => dash.on(dashjs.MediaPlayer.events.STREAM_INITIALIZED, done));
  const widths = [plan.width, plan.change];
  dash.registerCustomCapabilitiesFilter((one) => !one.width || widths.includes(one.width));
  const id = (width) => dash.getRepresentationsByType("video").find((one) => one.width === width).id;
  dash.initialize(video, null, false);
  if (plan.text !== undefined) dash.setInitialMediaSettingsFor("text", { lang: plan.text });
  dash.attachSource(plan.source);
  return {
    ready: ready.then(() => dash.setRepresentationForTypeById("video", id(plan.width), true)),
    choose: (width) => dash.setRepresentationForTypeById("video", id(width), true),
    close: () => dash.destroy(),
  };
}

async function play(plan) {
  const errors = [], stalls = [], sizes = [];
  let watching = false;
  const note = (event) => {
    if (watching && !video.ended && video.currentTime < video.duration - NEAR_END) {
      stalls.push(`${event.type} at ${video.currentTime.toFixed(3)}`);
    }
  };
  const size = () => sizes.push(`${video.videoWidth}x${video.videoHeight}`);
  const failed = () => errors.push(`video: ${video.error && video.error.message}`);
  const heard = { waiting: note, stalled: note, resize: size, error: failed };
  for (const [name, handler] of Object.entries(heard)) video.addEventListener(name, handler);
  const player = (plan.player === "hls" ? openHls : openDash)(plan, errors);
  try {
    await Promise.race([player.ready, pause(15000).then(() => { throw new Error("no manifest within 15 s"); })]);
    video.playbackRate = plan.rate ?? 1;
    await video.play();
    await until(() => video.currentTime > 0.05, 15, "the first frame");
    video.playbackRate = plan.rate ?? 1;
    watching = true;
    if (plan.change !== undefined) {
      await until(() => video.currentTime > video.duration / 4, 30, "a quarter");
      player.choose(plan.change);
    }
    for (const share of plan.seeks ?? []) {
      watching = false;
      const goal = share * video.duration;
      video.currentTime = goal;
      await until(() => !video.seeking, 15, `a seek to ${goal}`);
      await until(() => video.currentTime > goal + 0.2 || video.ended, 15, `playing on from ${goal}`);
      if (video.currentTime > goal + 3) errors.push(`a seek to ${goal} came to ${video.currentTime}`);
    }
    watching = !(plan.seeks ?? []).length;
    await until(() => video.ended, 60, `the end; at ${video.currentTime} of ${video.duration}`);
  } catch (error) {
    errors.push(String(error));
  }
  const texts = [...video.textTracks].filter((track) => track.mode !== "disabled").flatMap((track) => [...(track.cues ?? [])]);
  const quality = video.getVideoPlaybackQuality();
  const report = {
    name: plan.name,
    errors,
    stalls,
    sizes,
    ended: video.ended,
    at: video.currentTime,
    duration: video.duration,
    frames: quality.totalVideoFrames,
    cues: texts.map((cue) => [cue.startTime, cue.endTime, cue.text]).sort((one, other) => one[0] - other[0]),
    corrupted: quality.corruptedVideoFrames ?? 0,
    buffered: Array.from({ length: video.buffered.length }, (_, at) => [video.buffered.start(at), video.buffered.end(at)]),
  };
  player.close();
  for (const [name, handler] of Object.entries(heard)) video.removeEventListener(name, handler);
  video.removeAttribute("src");
  video.load();
  return report;
}

async function playUntilSmooth(plan) {
  let report;
  for (let tries = 0; tries < TRIES; tries++) {
    report = await play(plan);
    if (report.errors.length || !report.stalls.length) break;
  }
  return report;
}

async function main() {
  const types = ['video/mp4; codecs="avc1.64000C"', 'video/mp4; codecs="vp09.00.10.08"', 'audio/mp4; codecs="mp4a.40.2"'];
  const reports = [];
  for (const plan of await (await fetch("/plans")).json()) {
    const needed = plan.types ?? types.slice(0, 1);
    const missing = needed.filter((type) => !MediaSource.isTypeSupported(type));
    reports.push(missing.length ? { name: plan.name, missing } : await playUntilSmooth(plan));
  }
  await fetch("/report", { method: "POST", body: JSON.stringify(reports) });
}

main().catch((error) => fetch("/report", { method: "POST", body: JSON.stringify([{ name: "page", errors: [String(error)] }]) }));
