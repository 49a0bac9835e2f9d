// Cameras, microphones and screens of this browser, for the room: they stay here until somebody has
// gone in. Whatever does not work is reported by the browser's own word for it.
import { useCallback, useEffect, useId, useRef, useState } from "react";

const MEDIA = { camera: "video", microphone: "audio" };
const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 } };
const wanted = (kind, id) => ({
  ...(kind === "camera" ? PICTURE : {}),
  ...(id ? { deviceId: { exact: id } } : {}),
});

async function capture(kinds, id) {
  const devices = navigator.mediaDevices;
  if (!devices?.getUserMedia) throw new DOMException("", "SecurityError");
  const asked = Object.fromEntries(kinds.map((kind) => [MEDIA[kind], wanted(kind, id)]));
  return (await devices.getUserMedia(asked)).getTracks();
}

// What this browser captures: one camera, one microphone, the devices there are to choose from.
export function useSources(report) {
  const [tracks, setTracks] = useState({ camera: null, microphone: null });
  const [devices, setDevices] = useState([]);
  const held = useRef({ camera: null, microphone: null });
  const gone = useRef(false);

  const hold = useCallback((kind, track) => {
    if (gone.current) return track?.stop();
    held.current[kind]?.stop();
    held.current[kind] = track;
    if (track) track.onended = () => (hold(kind, null), report(kind, "Ended"));
    setTracks({ ...held.current });
  }, []);

  const list = useCallback(async () => {
    setDevices((await navigator.mediaDevices?.enumerateDevices?.()) ?? []);
  }, []);

  const open = useCallback(async (kind, id) => {
    try {
      const [track] = await capture([kind], id);
      hold(kind, track);
      report(kind, "");
    } catch (error) {
      report(kind, error.name);
    }
    await list();
  }, []);

  const openBoth = useCallback(async () => {
    try {
      const found = await capture(["camera", "microphone"]);
      for (const kind of ["camera", "microphone"]) {
        hold(kind, found.find((track) => track.kind === MEDIA[kind]));
        report(kind, "");
      }
      await list();
    } catch {
      for (const kind of ["camera", "microphone"]) await open(kind); // which of the two is it?
    }
  }, []);

  useEffect(() => {
    gone.current = false;
    openBoth();
    navigator.mediaDevices?.addEventListener?.("devicechange", list);
    return () => {
      gone.current = true;
      navigator.mediaDevices?.removeEventListener?.("devicechange", list);
      for (const track of Object.values(held.current)) track?.stop();
    };
  }, []);

  return { ...tracks, devices, open, close: (kind) => hold(kind, null) };
}

export function Picture({ track, mirrored, label }) {
  const shown = useRef(null);
  useEffect(() => {
    if (shown.current) shown.current.srcObject = new MediaStream([track]);
  }, [track]);
  const name = mirrored ? "tile-picture tile-mirrored" : "tile-picture";
  return <video ref={shown} className={name} aria-label={label} autoPlay muted playsInline />;
}

export function Level({ track, label }) {
  const bar = useRef(null);
  useEffect(() => {
    if (!track) return undefined;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    const samples = new Float32Array(analyser.fftSize);
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, one) => sum + one * one, 0) / samples.length;
      const percent = Math.min(100, Math.round(Math.sqrt(power) * 500));
      if (!bar.current) return;
      bar.current.setAttribute("aria-valuenow", percent);
      bar.current.style.backgroundSize = `${percent}% 100%`;
    }, 100);
    return () => (clearInterval(timer), context.close());
  }, [track]);
  const range = { "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 };
  return <div ref={bar} className="room-level" role="meter" aria-label={label} {...range} />;
}

export function Choice({ kind, sources, label, without }) {
  const id = useId();
  const mine = sources.devices.filter((one) => one.kind === `${MEDIA[kind]}input` && one.deviceId);
  const current = sources[kind]?.getSettings().deviceId ?? "";
  const choose = (event) => sources.open(kind, event.target.value);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} className="input" value={current} onChange={choose}>
        {!current && <option value="">{without}</option>}
        {mine.map((one, place) => (
          <option key={one.deviceId} value={one.deviceId}>
            {one.label || `${label} ${place + 1}`}
          </option>
        ))}
      </select>
    </div>
  );
}

// The shared screen, until one of its three ends: this button, the browser's own, or the room's, also
// while the browser still asks which screen.
export function useScreen(inside, report) {
  const [screen, setScreen] = useState(null);
  const [held, live] = [useRef(null), useRef(inside)];
  const show = (track) => {
    held.current?.stop();
    held.current = track;
    setScreen(track);
  };
  const start = async () => {
    try {
      const [track] = (await navigator.mediaDevices.getDisplayMedia({ video: true })).getVideoTracks();
      if (!live.current) return track.stop();
      track.onended = () => show(null);
      show(track);
      report("screen", "");
    } catch (error) {
      const thoughtBetter = error.name === "NotAllowedError" && !error.message.endsWith("by system");
      if (!thoughtBetter) report("screen", error.name);
    }
  };
  useEffect(() => {
    live.current = inside;
    if (!inside) show(null);
    return () => ((live.current = false), held.current?.stop());
  }, [inside]);
  return { screen, start, stop: () => show(null) };
}
