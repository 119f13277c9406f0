/** The pieces that access logs of the common log format share: request lines, escapes, forwarded lists, responses. */
import type { Event } from '../event.ts'
import { type HostPort, hostPort, integer, isLocal } from './address.ts'
import { putUrl } from './url.ts'

const ESCAPE = /(?:\\x[0-9A-Fa-f]{2})+|\\["\\]/g

/** `\xNN` (nginx, since 1.1.6, and Apache) and `\"` as the characters that the client sent: UTF-8, else Latin-1. */
export const unescapeLog = (text: string): string => {
  if (!text.includes('\\')) return text
  return text.replace(ESCAPE, (run) => {
    if (run.charCodeAt(1) !== 120) return run.slice(1)
    const bytes = Buffer.from(run.replaceAll('\\x', ''), 'hex')
    const utf8 = bytes.toString('utf8')
    return utf8.includes('\ufffd') ? bytes.toString('latin1') : utf8
  })
}

const METHOD = /^[A-Za-z][A-Za-z_-]{0,31}$/

/** Method, URL and version of `GET /a?b HTTP/1.1`. What is no request line is kept in `field`. */
export const putRequest = (event: Event, request: string, field: string): void => {
  if (request === '' || request === '-') return
  const space = request.indexOf(' ')
  const last = request.lastIndexOf(' ')
  const method = space < 0 ? request : request.slice(0, space)
  let target = ''
  if (space > 0 && METHOD.test(method)) {
    if (last > space && /^HTTP\/\d(?:\.\d)?$/i.test(request.slice(last + 1))) {
      event['http.version'] = request.slice(last + 6)
      target = request.slice(space + 1, last)
    } else if (request.charCodeAt(space + 1) === 47) target = request.slice(space + 1) // HTTP/0.9, or cut off
  }
  if (target === '') {
    event[field] = request
    if (method === request && /^[A-Z]{3,10}$/.test(method)) event['http.request.method'] = method
    return
  }
  event['http.request.method'] = method
  putUrl(event, target)
}

/** A client list: commas and spaces separate. Ports and brackets are left out, `unknown` and `-` too. */
export const forwarded = (text: string): HostPort[] => {
  const out: HostPort[] = []
  for (const part of text.split(/[\s,]+/)) {
    if (part === '' || part === '-' || part === 'unknown' || out.length >= 32) continue
    const host = hostPort(part.replace(/^"+|"+$/g, ''))
    if (host.host !== '') out.push(host)
  }
  return out
}

/** The client of a forwarded list is its first address that is not local (de-facto standard X-Forwarded-For). */
export const clientOf = (list: readonly HostPort[]): HostPort | undefined =>
  list.find(({ ip }) => ip !== undefined && !isLocal(ip)) ?? list[0]

/**
 * The client as the nearest proxy saw it: the last address that is not local. Only the left of a list is the client's own
 * to write, so this one cannot be made up.
 */
export const proxiedClientOf = (list: readonly HostPort[]): HostPort | undefined =>
  list.findLast(({ ip }) => ip !== undefined && !isLocal(ip)) ?? list.findLast(({ ip }) => ip !== undefined)

export const putClient = (event: Event, text: string): void => {
  const { ip, port, host } = hostPort(text)
  // `:80` names nobody, and is kept as it stands.
  event['source.address'] = host === '' ? text : host
  if (ip !== undefined) event['source.ip'] = ip
  if (port !== undefined && ip !== undefined) event['source.port'] = port
}

export const putStatus = (event: Event, text: string): void => {
  const status = integer(text)
  if (status === undefined || status < 0 || status > 999) return
  event['http.response.status_code'] = status
  event['event.outcome'] = status < 400 ? 'success' : 'failure'
}

/** Nanoseconds of seconds with a fraction (`0.012`), undefined where it is no such number. */
export const secondsToNanos = (text: string): number | undefined => {
  const m = /^(\d{1,6})(?:\.(\d{1,9}))?$/.exec(text)
  return m ? Number(m[1]) * 1e9 + Number((m[2] ?? '').padEnd(9, '0')) : undefined
}

export const present = (text: string | undefined): text is string => text !== undefined && text !== '' && text !== '-'

/** One address or the list of a proxy chain, as the source; `remote` is who really connected. */
export const putForwarded = (event: Event, text: string, listField: string): void => {
  const list = forwarded(text)
  if (list.length === 0) return
  const remote = event['source.ip']
  const client = proxiedClientOf(list)
  if (client?.ip !== undefined) event['network.forwarded_ip'] = client.ip
  event[listField] = [...list.map(({ ip, host }) => ip ?? host), ...(typeof remote === 'string' ? [remote] : [])]
  // Behind a proxy of our own every client would be the proxy.
  if (client?.ip === undefined || client.ip === remote || typeof remote !== 'string' || !isLocal(remote)) return
  event['source.ip'] = client.ip
  event['source.address'] = client.ip
  delete event['source.port']
}
