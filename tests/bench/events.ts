/**
 * Events as Sigma's rules name them, for benchmarks: 60 % of a firewall, 40 % of web servers, and as many as are wanted that
 * hold what some rule looks for. The same seed gives the same events.
 */
import type { Event, Scalar } from '../../ingest/event.ts'
import { type Filter, isAny, type Leaf } from '../../ingest/store/filter.ts'
import { compile } from '../../ingest/store/match.ts'
import { random } from '../random.ts'

export type Pick = (n: number) => number
export const picking = (seed: number): Pick => {
  const next = random(seed)
  return (n) => Math.floor(next() * n)
}

/** A value of which the leaf holds; undefined where none is found, or nothing has to be there. */
const valueFor = (leaf: Leaf, pick: Pick): Scalar | undefined => {
  switch (leaf.op) {
    case 'in':
      return leaf.values[pick(leaf.values.length)]
    case 'like':
      return leaf.pattern.map((part) => (typeof part === 'string' ? part : isAny(part) ? '' : 'x')).join('')
    case 'exists':
      return 'x'
    case 'range':
      return leaf.gte ?? leaf.lte ?? (leaf.gt !== undefined ? leaf.gt + 1 : (leaf.lt ?? 1) - 1)
    case 'cidr':
      return leaf.network.replace(/\/.*/, '')
    case 'regex': {
      // Its letters without its signs: now and then that is a text of the expression.
      const parts = leaf.source.split('|')
      return parts[pick(parts.length)]!.replace(
        /\\([.?+*/()[\]{}$^|-])|\\s[+*]?|[\\^$]|\[.*?\]|\{.*?\}|[.*+?()]/g,
        '$1',
      )
    }
  }
}
/** Texts that a filter looks for, one of each leaf. */
export const textsOf = (filter: Filter): string[] => {
  if (filter.op === 'and' || filter.op === 'or') return filter.of.flatMap(textsOf)
  if (filter.op === 'not') return textsOf(filter.of)
  const value = valueFor(filter, () => 0)
  return value === undefined ? [] : [String(value)]
}
/** Says in `into` what the filter asks for, at random where there is a choice. */
const fulfil = (filter: Filter, into: Event, pick: Pick): void => {
  if (filter.op === 'and') for (const part of filter.of) fulfil(part, into, pick)
  else if (filter.op === 'or') {
    if (filter.of.length > 0) fulfil(filter.of[pick(filter.of.length)]!, into, pick)
  } else if (filter.op !== 'not') {
    const value = valueFor(filter, pick)
    const name = filter.field === '*' ? 'message' : filter.field
    if (value === undefined) return
    const before = Object.hasOwn(into, name) ? into[name] : undefined
    into[name] = typeof before === 'string' && filter.op === 'like' ? `${before}${value}` : value
  }
}
/** The event with what makes the filter hold of it; undefined where none was found in some tries. */
export const fulfilling = (filter: Filter, event: Event, pick: Pick): Event | undefined => {
  const matches = compile(filter)
  for (let tries = 0; tries < 20; tries++) {
    const wanted: Event = {}
    fulfil(filter, wanted, pick)
    const made = { ...event, ...wanted }
    if (matches(made)) return made
  }
  return undefined
}

const two = (n: number) => String(n).padStart(2, '0')
const HOSTS = Array.from({ length: 40 }, (_, i) => `cong-${i}.example`)
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Linux; Android 14; SM-A556E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.7339.51 Mobile Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
]
const address = (pick: Pick) => `${['192.0.2', '198.51.100', '113.160.4'][pick(3)]}.${1 + pick(250)}`

const firewall = (i: number, pick: Pick): Event => ({
  category: 'firewall',
  product: 'fortigate',
  service: 'traffic',
  '@timestamp': `2026-11-${two(1 + (i % 28))}T${two(pick(24))}:${two(pick(60))}:${two(pick(60))}+07:00`,
  devname: `fw-${two(pick(26))}`,
  devid: `FGT60FTK240000${two(pick(26))}`,
  logid: '0000000013',
  type: 'traffic',
  subtype: ['forward', 'local'][pick(2)]!,
  level: 'notice',
  vd: 'root',
  src_ip: address(pick),
  src_port: 1024 + pick(60_000),
  srcintf: 'wan1',
  dst_ip: `203.0.113.${1 + pick(250)}`,
  dst_port: [443, 80, 22, 53, 3389][pick(5)]!,
  dstintf: 'dmz',
  proto: 6,
  action: ['close', 'deny', 'accept', 'timeout'][pick(4)]!,
  policyid: pick(40),
  sessionid: pick(9_999_999),
  duration: pick(180),
  sentbyte: pick(90_000),
  rcvdbyte: pick(900_000),
})
const web = (i: number, pick: Pick): Event => {
  const path = pick(2) ? `/tin-tuc/${2018 + pick(9)}/bai-viet-${pick(9000)}.html` : `/dich-vu-cong/ho-so/${pick(9000)}`
  const query = `trang=${pick(20)}&tu-khoa=l%E1%BB%8Bch+l%C3%A0m+vi%E1%BB%87c+${pick(999)}`
  return {
    category: 'webserver',
    product: 'nginx',
    service: 'access',
    '@timestamp': `2026-11-${two(1 + (i % 28))}T${two(pick(24))}:${two(pick(60))}:${two(pick(60))}+07:00`,
    'c-ip': address(pick),
    'cs-method': ['GET', 'GET', 'GET', 'POST'][pick(4)]!,
    'cs-uri': `${path}?${query}`,
    'cs-uri-stem': path,
    'cs-uri-query': `${path}?${query}`,
    'cs-host': HOSTS[pick(HOSTS.length)]!,
    'cs-version': 'HTTP/1.1',
    'cs-user-agent': AGENTS[pick(AGENTS.length)]!,
    'cs-referer': pick(4) ? `https://${HOSTS[pick(HOSTS.length)]}/chuyen-muc/${pick(500)}` : '-',
    'sc-status': [200, 200, 200, 304, 404][pick(5)]!,
    'sc-bytes': pick(48_000),
    's-port': 443,
    'time-taken': pick(900),
  }
}

/** As `fulfilling`, and still an event of the same kind. */
const alike = (filter: Filter, event: Event, pick: Pick): Event | undefined => {
  const made = fulfilling(filter, event, pick)
  return made && ['category', 'product', 'service'].every((name) => made[name] === event[name]) ? made : undefined
}

/** One event after another; of `share` of them some filter of `filters` holds, where one can be fulfilled. */
export const sigmaEvents = function* (
  count: number,
  filters: readonly Filter[],
  share = 0.01,
  pick = picking(20261126),
): Generator<Event> {
  const kinds = [web, firewall].map((make) => {
    // Whose filters ask for nothing that such an event contradicts.
    const own = filters.filter((filter) => alike(filter, make(0, pick), pick) !== undefined)
    return { make, own }
  })
  for (let i = 0; i < count; i++) {
    const { make, own } = kinds[pick(10) < 6 ? 1 : 0]!
    const event = make(i, pick)
    const hit = pick(10_000) < share * 10_000 && own.length > 0
    yield (hit && alike(own[pick(own.length)]!, event, pick)) || event
  }
}
