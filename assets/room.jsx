// A session's room in the browser: Agora's React SDK, or its place taken by a drawing. This and
// room_devices.jsx are the only JavaScript of the product; words and tickets come from Python.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import AgoraRTC, {
  AgoraRTCProvider,
  RemoteUser,
  useClientEvent,
  useConnectionState,
  useJoin,
  useRemoteUsers,
  useRTCClient,
} from "agora-rtc-react";
import { Choice, Level, Picture, useScreen, useSources } from "$/public/room_devices.jsx";
import { Mic, MicOff, ScreenShare, ScreenShareOff, Video, VideoOff } from "lucide-react";

const INSIDE = "room";
const ASK_AGAIN_MS = 30_000;
const PATIENCE_MS = 15_000;
const UNREACHABLE = "Unreachable";
const NOT_SENT = "NotSent";
// Takes that back, and no other word of the device.
const SENT = "Sent";
const FOR_GOOD = ["LEAVE", "UID_BANNED", "UID_CONFLICT"];

function Switch({ on, labels, signs, onClick }) {
  const [On, Off] = signs;
  const Sign = on ? On : Off;
  const name = `button ${on ? "button-secondary" : "button-primary"}`;
  return (
    <button type="button" className={name} onClick={onClick}>
      <Sign className="icon" size={18} aria-hidden />
      {on ? labels[0] : labels[1]}
    </button>
  );
}

function Empty({ sign, words }) {
  return (
    <div className="tile-empty">
      <span className="tile-sign" aria-hidden>{sign}</span>
      <p>{words}</p>
    </div>
  );
}

function Tile({ name, note, children }) {
  return (
    <figure className="tile">
      {children}
      <figcaption className="tile-name">{name}{note && ` · ${note}`}</figcaption>
    </figure>
  );
}

// Sends a track for as long as it is there; the next one once the one before is out of the call, for
// the SDK refuses a second picture beside the first. What is sent is a twin: the SDK stops what it was
// given, and one's own picture is to stay. While it connects again, the SDK keeps what it has.
function useSent(client, connection, { kind, track, on }, make, report) {
  const [joined, before, twin] = [useRef(false), useRef(Promise.resolve()), useRef(null)];
  joined.current = connection === "CONNECTED" || (connection === "RECONNECTING" && joined.current);
  useEffect(() => {
    if (!joined.current || !track) return undefined;
    let [gone, trouble] = [false, false];
    const sent = make({ mediaStreamTrack: (twin.current = track.clone()) });
    const publishing = before.current
      .then(() => client.publish(sent))
      .catch(() => gone || ((trouble = true), report(kind, NOT_SENT)));
    return () => {
      gone = true;
      const ending = publishing.then(() => client.unpublish(sent)).catch(() => {});
      before.current = ending.finally(() => (sent.close(), trouble && report(kind, SENT)));
    };
  }, [client, joined.current, track]);
  useEffect(() => {
    if (twin.current) twin.current.enabled = on;
  }, [joined.current, track, on]);
}

// Asks for the next ticket when it is time, and again until it comes; a lid may be closed meanwhile.
function useRenewal(ticket, onTokenDue) {
  useEffect(() => {
    if (!ticket.token || !ticket.renew_in) return undefined;
    const due = Date.now() + ticket.renew_in * 1000;
    const timer = setInterval(() => Date.now() >= due && onTokenDue(), ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [ticket.token]);
}

// The ticket that a call is joined with: another one only when that call was cut off, however often
// it says so, and a newer is there.
function useRound(ticket) {
  const [first, begin] = useState(ticket);
  const [cut, setCut] = useState("");
  useEffect(() => {
    if (cut === first.token && ticket.token !== first.token) begin(ticket);
  }, [cut, ticket.token]);
  return [first, () => setCut(first.token)];
}

// Tells why a call was cut off, and has it joined anew unless it ended for good.
function useCuts(client, error, onTrouble, onCut) {
  const cut = (why) => {
    if (why !== "LEAVE") onTrouble("call", why || UNREACHABLE);
    if (!FOR_GOOD.includes(why)) onCut();
  };
  useClientEvent(client, "connection-state-change", (now, _, why) => now === "DISCONNECTED" && cut(why));
  useClientEvent(client, "token-privilege-did-expire", () => cut("TOKEN_EXPIRE"));
  useEffect(() => {
    if (error) cut(error.rtcError?.code);
  }, [error]);
}

function AgoraCall({ ticket, first, microphone, speaks, camera, screen, other, words, onTrouble, onCut }) {
  const client = useRTCClient();
  const { app_id: appid, channel, token, uid } = first;
  const { error } = useJoin({ appid, channel, token, uid });
  const connection = useConnectionState();
  const peer = useRemoteUsers().find((user) => user.uid === ticket.other_uid);

  useCuts(client, error, onTrouble, onCut);
  useEffect(() => {
    if (ticket.token !== first.token) client.renewToken(ticket.token).catch(() => {});
  }, [ticket.token]);
  useEffect(() => {
    if (connection === "DISCONNECTED") return undefined; // why, was said
    // The SDK goes on trying for ever, and says nothing meanwhile.
    const [word, wait] = connection === "CONNECTED" ? ["", 0] : [UNREACHABLE, PATIENCE_MS];
    const timer = setTimeout(() => onTrouble("call", word), wait);
    return () => clearTimeout(timer);
  }, [connection]);
  const sound = { kind: "microphone", track: microphone, on: speaks };
  const film = { kind: screen ? "screen" : "camera", track: screen ?? camera, on: true };
  useSent(client, connection, sound, (of) => AgoraRTC.createCustomAudioTrack(of), onTrouble);
  useSent(client, connection, film, (of) => AgoraRTC.createCustomVideoTrack(of), onTrouble);

  const dark = () => <Empty sign={other.initials} words={words.noPicture} />;
  return (
    <>
      <Tile name={other.name}>
        {peer ? (
          <RemoteUser user={peer} className="tile-picture" cover={dark} />
        ) : (
          <Empty sign={other.initials} words={other.there ? words.comes : other.absent} />
        )}
      </Tile>
      {connection === "CONNECTING" && <Lost words={words.connecting} />}
      {connection === "RECONNECTING" && <Lost words={words.reconnecting} />}
    </>
  );
}

function Agora(props) {
  const [first, onCut] = useRound(props.ticket);
  const client = useMemo(() => AgoraRTC.createClient({ mode: "rtc", codec: "vp8" }), [first]);
  return (
    <AgoraRTCProvider key={first.token} client={client}>
      <AgoraCall {...props} first={first} onCut={onCut} />
    </AgoraRTCProvider>
  );
}

// Without keys nothing leaves this browser: the other person is drawn while they are in the room.
function Played({ other, words }) {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    window.addEventListener("online", look);
    window.addEventListener("offline", look);
    return () => {
      window.removeEventListener("online", look);
      window.removeEventListener("offline", look);
    };
  }, []);
  return (
    <>
      <Tile name={other.name} note={other.there && words.played}>
        {other.there ? (
          <svg className="tile-picture tile-drawn" viewBox="0 0 320 180" role="img" aria-label={`${other.name}, ${words.played}`}>
            <path d="M84 180c0-48 34-70 76-70s76 22 76 70z" />
            <circle cx="160" cy="74" r="38" />
            <text x="160" y="82" textAnchor="middle">{other.initials}</text>
          </svg>
        ) : (
          <Empty sign={other.initials} words={other.absent} />
        )}
      </Tile>
      {!online && <Lost words={words.reconnecting} />}
    </>
  );
}

function Lost({ words }) {
  return <p className="room-lost" role="status">{words}</p>;
}

// The newest of a handler, under one name that stays.
function useLatest(handler) {
  const latest = useRef(handler);
  latest.current = handler;
  return useCallback((...told) => latest.current(...told), []);
}

export function Room({ played, ticket, me, other, words, children, ...handlers }) {
  const onTrouble = useLatest(handlers.onTrouble);
  const onTokenDue = useLatest(handlers.onTokenDue);
  const onReturn = useLatest(handlers.onReturn);
  const sources = useSources(onTrouble);
  const inside = ticket.token !== "";
  const { screen, start, stop } = useScreen(inside, onTrouble);
  const [silent, setSilent] = useState(false);
  const wasInside = useRef(false);
  const { camera, microphone } = sources;

  useEffect(() => {
    // A page's policy is that of the document it came with: only the room's lets Agora in.
    const [from] = performance.getEntriesByType("navigation");
    const own = !from || new URL(from.name).pathname.replace(/\/$/, "").endsWith("/room");
    if (!played && !own) window.location.reload();
  }, []);
  useRenewal(ticket, onTokenDue);
  useEffect(() => {
    if (microphone) microphone.enabled = !silent;
  }, [microphone, silent]);
  useEffect(() => {
    // The studio may forget who was inside when it is started anew; this tab does not.
    const here = window.location.pathname;
    if (inside) sessionStorage.setItem(INSIDE, here);
    else if (sessionStorage.getItem(INSIDE) === here) {
      sessionStorage.removeItem(INSIDE);
      if (!wasInside.current) onReturn();
    }
    wasInside.current = inside;
  }, [inside]);

  const speaks = microphone !== null && !silent;
  const hear = () => (microphone ? setSilent(!silent) : (setSilent(false), sources.open("microphone")));
  const see = () => (camera ? sources.close("camera") : sources.open("camera"));
  const shown = screen ?? camera;
  const call = { ticket, microphone, speaks, camera, screen, other, words, onTrouble };
  const choices = (
    <div className="room-choices">
      <Choice kind="camera" sources={sources} label={words.camera} without={words.none} />
      <Choice kind="microphone" sources={sources} label={words.microphone} without={words.none} />
      <div className="field"><span>{words.level}</span><Level track={microphone} label={words.level} /></div>
    </div>
  );
  return (
    <div className="room">
      <div className={inside ? "room-tiles room-two" : "room-tiles"}>
        {inside && (played ? <Played {...call} /> : <Agora {...call} />)}
        <Tile name={words.you} note={screen ? words.sharing : !speaks && words.muted}>
          {shown ? (
            <Picture track={shown} mirrored={!screen} label={screen ? words.sharing : words.you} />
          ) : (
            <Empty sign={me} words={words.cameraOff} />
          )}
        </Tile>
      </div>
      <div className="room-controls">
        <Switch on={speaks} labels={words.hear} signs={[Mic, MicOff]} onClick={hear} />
        <Switch on={camera !== null} labels={words.see} signs={[Video, VideoOff]} onClick={see} />
        {inside && navigator.mediaDevices?.getDisplayMedia && (
          <Switch on={screen === null} labels={words.share} signs={[ScreenShare, ScreenShareOff]} onClick={screen ? stop : start} />
        )}
        {children}
      </div>
      {inside ? <details className="more"><summary>{words.devices}</summary>{choices}</details> : choices}
    </div>
  );
}
