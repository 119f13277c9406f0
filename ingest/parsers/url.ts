/** URLs and host names as fields. */
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo, textOfBytes } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find, findLast, hasCapital, port } from '../row/values.ts'
import { addressOf } from '../row/address.ts'

const ORIGINAL = field('url.original')
const FULL = field('url.full')
const SCHEME = field('url.scheme')
const USERNAME = field('url.username')
const DOMAIN = field('url.domain')
const PORT = field('url.port')
const PATH = field('url.path')
const QUERY = field('url.query')
const FRAGMENT = field('url.fragment')
const EXTENSION = field('url.extension')

const isAlphanumeric = (c: number): boolean => (c >= 48 && c <= 57) || ((c | 32) >= 97 && (c | 32) <= 122)

/** The extension of a path's last segment without the dot: ECS "tar.gz" is "gz". */
const putExtension = (row: Row, from: number, to: number): void => {
  const { bytes } = row
  let i = to - 1
  while (i >= from && isAlphanumeric(bytes[i]!)) i--
  if (i >= from && bytes[i] === 46 && i < to - 1 && to - i <= 17) row.text(EXTENSION, i + 1, to)
}

/** url.path, url.query, url.fragment and url.extension of `/path?query#fragment`. */
export const putPath = (row: Row, from: number, to: number): void => {
  const { bytes } = row
  const query = find(bytes, 63, from, to)
  let end = query < 0 ? to : query
  // A client never sends a fragment; a firewall that logs a browser's address may.
  if (query >= 0) row.text(QUERY, query + 1, to)
  else {
    const hash = find(bytes, 35, from, to)
    if (hash >= 0) {
      row.text(FRAGMENT, hash + 1, to)
      end = hash
    }
  }
  if (end === from) return
  row.text(PATH, from, end)
  putExtension(row, from, end)
}

/** Where `://` of a scheme (RFC 3986 §3.1) begins, -1 where the text has none. */
const schemeEnd = (bytes: Uint8Array, from: number, to: number): number => {
  const first = bytes[from]! | 32
  if (first < 97 || first > 122) return -1
  let i = from + 1
  while (i < to && i - from <= 32) {
    const c = bytes[i]!
    if (!(isAlphanumeric(c) || c === 43 || c === 45 || c === 46)) break
    i++
  }
  return bytes[i] === 58 && bytes[i + 1] === 47 && bytes[i + 2] === 47 && i + 2 < to ? i : -1
}

/** A word of few spellings in lower case. */
export const lower = new Memo((text) => constant(text.toLowerCase()))
const AUTHORITY = /^(?:[A-Za-z0-9_-]+\.)+[A-Za-z0-9-]+(?::\d{1,5})?$|^\[?[0-9A-Fa-f:.]+\]?:\d{1,5}$/

/** Everything that a request target or a URL says: `/a?b`, `https://host:8443/a`, `host/a`, `host:443`, `*`. */
export const putUrl = (row: Row, from: number, to: number): void => {
  if (from >= to) return
  const { bytes } = row
  row.text(ORIGINAL, from, to)
  // `//host/a` too: servers take it as a path, and attackers know.
  if (bytes[from] === 47) {
    putPath(row, from, to)
    return
  }
  const scheme = schemeEnd(bytes, from, to)
  if (scheme < 0) {
    if (to - from === 1 && bytes[from] === 42) return
    let slash = from
    while (slash < to && bytes[slash] !== 47 && bytes[slash] !== 63) slash++
    // `hostname/path` of a firewall, `host:443` of CONNECT; anything else is a path as it is.
    if (slash - from <= 300 && AUTHORITY.test(textOfBytes(bytes, from, slash))) {
      putAuthority(row, from, slash)
      if (slash < to) putPath(row, slash, to)
    } else putPath(row, from, to)
    return
  }
  row.text(FULL, from, to)
  row.const(SCHEME, lower.get(bytes, from, scheme))
  const start = scheme + 3
  let end = start
  while (end < to && bytes[end] !== 47 && bytes[end] !== 63 && bytes[end] !== 35) end++
  putAuthority(row, start, end)
  if (end < to) putPath(row, end, to)
}

const putAuthority = (row: Row, from: number, to: number): void => {
  const at = findLast(row.bytes, 64, from, to)
  if (at > from) {
    const colon = find(row.bytes, 58, from, at)
    row.text(USERNAME, from, colon < 0 ? at : colon)
  }
  putHost(row, at < 0 ? from : at + 1, to)
}

/** Host and port of `name`, `name:80`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:443`: [from, to, port or NaN]. */
export const splitHost = (bytes: Uint8Array, from: number, to: number): readonly [number, number, number] => {
  if (bytes[from] === 91) {
    const end = find(bytes, 93, from, to)
    if (end > from)
      return [from + 1, end, bytes[end + 1] === 58 && end + 1 < to ? port(bytes, end + 2, to) : Number.NaN]
    return [from, to, Number.NaN]
  }
  const colon = find(bytes, 58, from, to)
  if (colon < 0 || find(bytes, 58, colon + 1, to) >= 0) return [from, to, Number.NaN]
  return [from, colon, port(bytes, colon + 1, to)]
}

/** url.domain (and url.port) of a Host header or authority, lower-case, a trailing dot left out. */
export const putHost = (row: Row, from: number, to: number): void => {
  const [a, z, number] = splitHost(row.bytes, from, to)
  if (!putDomain(row, DOMAIN, a, z)) return
  if (!Number.isNaN(number)) row.long(PORT, number)
}

/** A host's name in lower case, or its address; false where there is none. */
export const putDomain = (row: Row, f: number, from: number, to: number): boolean => {
  const { bytes } = row
  const address = addressOf(bytes, from, to)
  if (address !== undefined) {
    if (address.spelled === undefined) row.text(f, from, to)
    else row.const(f, address.spelled)
    return true
  }
  const end = to > from && bytes[to - 1] === 46 ? to - 1 : to
  if (end === from) return false
  putLower(row, f, from, end)
  return true
}

/** A text in lower case. */
export const putLower = (row: Row, f: number, from: number, to: number): void => {
  if (!hasCapital(row.bytes, from, to)) row.text(f, from, to)
  else if (to - from <= 64) row.const(f, lower.get(row.bytes, from, to))
  else row.string(f, textOfBytes(row.bytes, from, to).toLowerCase())
}
