/** Short names for what the API takes, answers and pushes. The shapes come from the generated contract. */

import type { components, paths } from "../generated/contract.d.ts";

type Content<Response> = Response extends { content: { "application/json": infer Body } } ? Body : never;
type Success<Responses> = Content<Responses[keyof Responses & (200 | 201 | 202)]>;

/** The body of a successful answer of a path and method of the contract. */
export type Answer<Path extends keyof paths, Method extends keyof paths[Path]> =
  paths[Path][Method] extends { responses: infer Responses } ? Success<Responses> : never;

/** The body that a path and method of the contract takes. */
export type Body<Path extends keyof paths, Method extends keyof paths[Path]> =
  paths[Path][Method] extends { requestBody?: infer Request } ? Content<NonNullable<Request>> : never;

type Schemas = components["schemas"];

export type Account = Answer<"/account", "get">;
export type AccountChanges = Body<"/account", "patch">;
export type AlwaysOnReport = Answer<"/always-on", "get">;
export type AlwaysOnOutlet = AlwaysOnReport["outlets"][number];
export type BacktestPage = Answer<"/port/{portId}/backtest", "post">;
export type Backtest = Pick<BacktestPage, "cuts" | "savedWattHours" | "wrongCuts" | "readings">;
export type Claim = Answer<"/device/claim/{userCode}", "get">;
export type DetectorReport = Answer<"/port/{portId}/detector", "get">;
export type Device = Answer<"/device/{deviceId}", "get">["device"];
export type HomeEnergy = Answer<"/energy", "get">;
export type PortEnergy = Answer<"/port/{portId}/energy", "get">;
export type EnergyFigures = HomeEnergy["total"];
export type EnergyPeriod = HomeEnergy["periods"][number];
export type PeriodName = HomeEnergy["period"];
export type Export = Answer<"/export/{exportId}", "get">;
export type NewPort = Body<"/port", "post">;
export type Notification = Answer<"/notification/list", "get">["notifications"][number];
export type NotificationSettings = Answer<"/notification/settings", "get">;
export type NotificationChoices = Body<"/notification/settings", "put">;
export type TestResult = Answer<"/notification/test", "post">["results"][number];
export type PhantomEvent = Answer<"/phantom-event/list", "get">["events"][number];
export type PhantomEventPage = Answer<"/phantom-event/list", "get">;
export type Port = Answer<"/port/list", "get">["ports"][number];
export type PortChanges = Body<"/port/{portId}", "patch">;
export type Policy = Port["policy"];
export type Relay = Port["relay"];
export type RelayState = Relay["desired"];
export type Verdict = NonNullable<PhantomEvent["verdict"]>;
export type Saving = Answer<"/savings", "get">["savings"][number];
export type SavingPage = Answer<"/savings", "get">;
export type WhatIf = Answer<"/savings/what-if", "get">;
export type Session = Answer<"/account/sessions", "get">["sessions"][number];
export type Tariff = Answer<"/account/tariffs", "get">["tariffs"][number];
export type TokenRequest = Body<"/account/token", "post">;
export type TotpSetup = Answer<"/account/totp", "post">;

/** The password, and a code where the account has two-step log-in. */
export type Proof = Body<"/account", "delete">;

/** Columns of one length by name; a number is null where nothing was measured. */
export type HistoryColumns = Record<string, (number | null)[]> & { timestampMs: number[] };
export type PortHistory = { resolution: "raw" | "5m" | "1h" | "1d", columns: HistoryColumns };

/** Epoch milliseconds; either end may be left out. */
export type Span = { from?: number, to?: number };

/** The watts at a moment, and for how long up to then they held. */
export type PowerPoint = { atMs: number, watts: number, heldMs?: number };

export type Push =
  | Schemas["ReadingPush"] | Schemas["SensorDataPush"] | Schemas["DevicePush"] | Schemas["PortPush"] | Schemas["NotificationPush"];
