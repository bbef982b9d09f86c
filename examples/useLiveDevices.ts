import { useEffect, useState } from "react";

export type Device = { device_id: string; name: string; status: string; [sensor: string]: unknown };

/** The devices of a session, each with its newest sensor values: const devices = useLiveDevices("/api", sessionToken) */
export function useLiveDevices(api: string, sessionToken: string): Device[] {
  const [devices, setDevices] = useState<Device[]>([]);
  const [connections, setConnections] = useState(0);
  useEffect(() => {
    const call = async (path: string, method = "GET") => (await fetch(api + path, { method, headers: { "x-session-token": sessionToken } })).json();
    let socket: WebSocket | undefined, timer: number | undefined, isOver = false;
    const again = () => { if (!isOver) timer = window.setTimeout(() => setConnections((count) => count + 1), 5_000); };
    (async () => {
      const { url } = await call("/live/ticket", "POST");
      if (isOver) return;
      socket = new WebSocket(url);
      socket.onclose = again;
      socket.onopen = async () => setDevices(await call("/devices"));
      socket.onmessage = ({ data }) => {
        const push = JSON.parse(data);
        if (push.type === "sensor_data") setDevices((all) => all.map((device) => device.device_id === push.device_id ? { ...device, ...push } : device));
      };
    })().catch(again);
    return () => { isOver = true; clearTimeout(timer); socket?.close(); };
  }, [api, sessionToken, connections]);
  return devices;
}
