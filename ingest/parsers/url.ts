import type { Event } from '../event.ts'
import { hostPort } from './address.ts'

/** The extension of a path's last segment without the dot: ECS "tar.gz" is "gz". */
const extensionOf = (path: string): string | undefined => {
  const dot = path.lastIndexOf('.')
  if (dot < 0 || dot === path.length - 1 || path.length - dot > 17) return undefined
  for (let i = dot + 1; i < path.length; i++) {
    const c = path.charCodeAt(i) | 32
    if (!((c >= 97 && c <= 122) || (c >= 48 && c <= 57))) return undefined // also where a slash follows
  }
  return path.slice(dot + 1)
}

/** url.path, url.query, url.fragment and url.extension of `/path?query#fragment`. */
export const putPath = (event: Event, target: string): void => {
  const query = target.indexOf('?')
  let path = query < 0 ? target : target.slice(0, query)
  if (query >= 0) {
    // A client never sends a fragment; a firewall that logs a browser's address may.
    if (query + 1 < target.length) event['url.query'] = target.slice(query + 1)
  } else {
    const hash = path.indexOf('#')
    if (hash >= 0) {
      if (hash + 1 < path.length) event['url.fragment'] = path.slice(hash + 1)
      path = path.slice(0, hash)
    }
  }
  if (path === '') return
  event['url.path'] = path
  const extension = extensionOf(path)
  if (extension !== undefined) event['url.extension'] = extension
}

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]{0,31}):\/\//

/** Everything that a request target or a URL says: `/a?b`, `https://host:8443/a`, `host/a`, `host:443`, `*`. */
export const putUrl = (event: Event, text: string): void => {
  if (text === '') return
  event['url.original'] = text
  const first = text.charCodeAt(0)
  if (first === 47) {
    putPath(event, text) // `//host/a` too: servers take it as a path, and attackers know
    return
  }
  const scheme = SCHEME.exec(text)
  if (!scheme) {
    if (text === '*') return
    const slash = text.search(/[/?]/)
    const authority = slash < 0 ? text : text.slice(0, slash)
    // `hostname/path` of a firewall, `host:443` of CONNECT; anything else is a path as it is.
    if (/^(?:[A-Za-z0-9_-]+\.)+[A-Za-z0-9-]+(?::\d{1,5})?$|^\[?[0-9A-Fa-f:.]+\]?:\d{1,5}$/.test(authority)) {
      putAuthority(event, authority)
      if (slash >= 0) putPath(event, text.slice(slash))
    } else putPath(event, text)
    return
  }
  event['url.full'] = text
  event['url.scheme'] = scheme[1]!.toLowerCase()
  const start = scheme[0].length
  const end = text.slice(start).search(/[/?#]/)
  putAuthority(event, end < 0 ? text.slice(start) : text.slice(start, start + end))
  if (end >= 0) putPath(event, text.slice(start + end))
}

const putAuthority = (event: Event, authority: string): void => {
  const at = authority.lastIndexOf('@')
  if (at > 0) {
    const user = authority.slice(0, at).split(':', 1)[0]!
    if (user !== '') event['url.username'] = user
  }
  putHost(event, authority.slice(at + 1))
}

/** url.domain (and url.port) of a Host header or authority, lower-case, a trailing dot left out. */
export const putHost = (event: Event, text: string): void => {
  const { host, ip, port } = hostPort(text)
  const name = ip ?? (host.endsWith('.') ? host.slice(0, -1) : host).toLowerCase()
  if (name === '') return
  event['url.domain'] = name
  if (port !== undefined) event['url.port'] = port
}
