/** What a page with Socket.IO's own client hears, a JSON line each: node socketio_client.js URL TOKEN [OPTIONS]. */

import { io } from "socket.io-client";

const [url, sessionToken, options = "{}"] = process.argv.slice(2);
const socket = io(url, { auth: { sessionToken }, ...JSON.parse(options) });

/** @param {unknown[]} line */
const tell = (...line) => process.stdout.write(`${JSON.stringify(line)}\n`);

socket.io.engine.on("upgrade", (/** @type {{ name: string }} */ transport) => tell("upgrade", transport.name));
socket.on("connect", () => tell("connect"));
socket.on("connect_error", (error) => tell("connect_error", error.message, error.data?.code, socket.active));
socket.on("disconnect", (reason) => tell("disconnect", reason));
socket.onAny(tell);
