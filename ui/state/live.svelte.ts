import type { AlertRow, IncidentRow, LiveMessage } from '../../api/contract.ts'
import { liveUrl } from './api.ts'
import { setClock } from './clock.svelte.ts'

/** What the server tells without being asked. One stream for the whole console. */
export const live = $state({
  connected: false,
  /** The wall clock of the last message: how old everything on screen is at most. */
  heard: 0,
  lag: 0,
  rate: 0,
  counts: undefined as { alerts: number; incidents: number; silent: number } | undefined,
  replay: undefined as { progress: number; until: number } | undefined,
})

let alertsSeq: number | undefined
let incidentsSeq: number | undefined
let stream: EventSource | undefined
let retry = 0
let retryTimer = 0
type Listener = (seq: number, rows: AlertRow[]) => void
const alertListeners = new Set<Listener>()
const incidentListeners = new Set<(rows: IncidentRow[]) => void>()
/** Changes that came before the list they belong to was loaded. */
let recent: { seq: number; rows: AlertRow[] }[] = []

const receive = (data: string) => {
  let message: LiveMessage
  try {
    message = JSON.parse(data) as LiveMessage
  } catch {
    return
  }
  live.heard = Date.now()
  live.connected = true
  if (message.kind === 'tick') {
    setClock(message.now)
    live.lag = message.lag
    live.rate = message.rate
    live.counts = message.counts
    live.replay = message.replay
  } else if (message.kind === 'alerts') {
    alertsSeq = message.seq
    recent = [...recent.slice(-200), { seq: message.seq, rows: message.changed }]
    for (const listen of alertListeners) listen(message.seq, message.changed)
  } else if (message.kind === 'incidents') {
    incidentsSeq = message.seq
    for (const listen of incidentListeners) listen(message.changed)
  }
}

export const connect = () => {
  stream?.close()
  clearTimeout(retryTimer)
  const opened = new EventSource(liveUrl(alertsSeq, incidentsSeq))
  stream = opened
  opened.onopen = () => {
    live.connected = true
    live.heard = Date.now()
    retry = 0
  }
  const onMessage = (event: MessageEvent<string>) => receive(event.data)
  opened.onmessage = onMessage
  for (const kind of ['tick', 'alerts', 'incidents']) opened.addEventListener(kind, onMessage as EventListener)
  opened.onerror = () => {
    live.connected = false
    opened.close()
    if (stream !== opened) return
    // Our own retry, not the browser's: it must ask from the last change that came, not from the first.
    retryTimer = window.setTimeout(connect, Math.min(15_000, 1000 * 2 ** retry++))
  }
}
export const disconnect = () => {
  clearTimeout(retryTimer)
  stream?.close()
  stream = undefined
}
// A stream can die without an error: silence is one.
setInterval(() => {
  if (stream && live.connected && Date.now() - live.heard > 30_000) {
    live.connected = false
    connect()
  }
}, 5000)

/** Changes after `seq`, those that came already included. */
export const followAlerts = (seq: number, listen: (rows: AlertRow[]) => void): (() => void) => {
  alertsSeq ??= seq
  for (const change of recent) if (change.seq > seq) listen(change.rows)
  const listener: Listener = (_, rows) => listen(rows)
  alertListeners.add(listener)
  return () => alertListeners.delete(listener)
}
export const followIncidents = (listen: (rows: IncidentRow[]) => void): (() => void) => {
  incidentListeners.add(listen)
  return () => incidentListeners.delete(listen)
}
