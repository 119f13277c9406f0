/**
 * Seed lines: raw lines of a source whose time is an offset. A line is `<when>\t<raw line>`; `#` begins a comment.
 *
 *   -2d03:10:00        once, so long before the end of the replay
 *   @08:15:30          every day at this time of the province; @w… on working days, @e… on weekends
 *   …*30/2s            thirty times, two seconds apart
 *   #! until 03:00:00  of the whole file: nothing after so long before the end (a device that fell silent)
 *
 * In the line, written in the source's own format:
 *   {clf} 21/Nov/2026:14:05:12 +0700 · {iis} 2026-11-21 07:05:12 (UTC) · {iisday} 2026-11-21 · {fgt} date=… time=… ·
 *   {local} 2026-11-21 14:05:12 · {vn} 21/11/2026 14:05:12 · {pan} 2026/11/21 14:05:12 · {ns} nanoseconds of the epoch · {syslog} Nov 21 14:05:12 · {iso} · {n} index of a repetition, {n+100}, {n:x} hexadecimal ·
 *   {r:1-254} a number · {pick:a|b} one of them: the same in every run.
 */
import { readFileSync } from 'node:fs'

export interface Due {
  readonly at: number
  readonly source: string
  readonly line: string
}

interface Seed {
  readonly source: string
  readonly template: string
  readonly before?: number // ms before the end
  readonly daily?: { readonly ms: number; readonly days: 'all' | 'working' | 'weekend' }
  readonly times: number
  readonly every: number
  readonly key: number
  readonly until: number // ms before the end after which nothing comes; -Infinity: for ever
}

const DAY = 86_400_000
const WHEN =
  /^(?:-(?:(\d+)d)?(\d\d):(\d\d):(\d\d)|@([we]?)(\d\d):(\d\d):(\d\d))(?:\*(\d+)\/(\d+(?:\.\d+)?)(ms|s|m|h))?$/
const UNIT: { [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Throws a sentence that names file and line. */
export const readSeeds = (path: string, source: string): Seed[] => {
  let until = -Infinity
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text, i): Seed[] => {
      const stop = /^#! until (\d\d):(\d\d):(\d\d)$/.exec(text)
      if (stop) until = (Number(stop[1]) * 3600 + Number(stop[2]) * 60 + Number(stop[3])) * 1000
      if (text === '' || text.startsWith('#')) return []
      const tab = text.indexOf('\t')
      const m = WHEN.exec(text.slice(0, tab))
      if (tab < 0 || !m)
        throw new Error(`${path}:${i + 1}: expected "<when><tab><line>", such as "-2d03:10:00\t…" or "@08:15:30\t…"`)
      const clock = (h?: string, min?: string, s?: string) => (Number(h) * 3600 + Number(min) * 60 + Number(s)) * 1000
      const seed = {
        source,
        template: text.slice(tab + 1),
        times: Number(m[9] ?? 1),
        every: Number(m[10] ?? 0) * (UNIT[m[11] ?? 's'] ?? 0),
        key: i * 7919 + source.length,
        until,
      }
      return [
        m[6] === undefined
          ? { ...seed, before: Number(m[1] ?? 0) * DAY + clock(m[2], m[3], m[4]) }
          : {
              ...seed,
              daily: { ms: clock(m[6], m[7], m[8]), days: m[5] === 'w' ? 'working' : m[5] === 'e' ? 'weekend' : 'all' },
            },
      ]
    })
}

/** Everything that is due in (from, to], in order of time. `end` is when the replay meets the present; `offset` is the province's zone in ms. */
export const dueBetween = (seeds: readonly Seed[], from: number, to: number, end: number, offset: number): Due[] => {
  const out: Due[] = []
  for (const seed of seeds) {
    const last = (seed.times - 1) * seed.every
    const emit = (first: number, day: number) => {
      if (first + last <= from || first > to) return
      const begin = seed.every > 0 ? Math.max(0, Math.floor((from - first) / seed.every)) : 0
      for (let n = begin; n < seed.times; n++) {
        const at = first + n * seed.every
        if (at > to || at > end - seed.until) break
        if (at > from)
          out.push({
            at,
            source: seed.source,
            line: fill(seed.template, at, offset, n, seed.key + n * 31 + day * 104_729),
          })
      }
    }
    if (seed.before !== undefined) emit(end - seed.before, 0)
    else if (seed.daily) {
      const { ms, days } = seed.daily
      for (let day = Math.floor((from - last + offset) / DAY); day <= Math.floor((to + offset) / DAY); day++) {
        // The first of January 1970 was a Thursday.
        const weekday = (((day + 4) % 7) + 7) % 7
        const weekend = weekday === 0 || weekday === 6
        if (days === 'all' || (days === 'weekend') === weekend) emit(day * DAY - offset + ms, day)
      }
    }
  }
  return out.sort((a, b) => a.at - b.at)
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (n: number) => String(n).padStart(2, '0')

/** A small generator (xorshift): the same key gives the same line in every run. */
const randomOf = (key: number) => {
  let x = (key * 2_654_435_761 + 88_172_645) >>> 0 || 1
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    x >>>= 0
    return x / 4_294_967_296
  }
}

const fill = (template: string, at: number, offset: number, n: number, key: number): string => {
  const random = randomOf(key)
  random()
  const local = new Date(at + offset)
  const utc = new Date(at)
  const sign = offset < 0 ? '-' : '+'
  const zone = `${sign}${two(Math.floor(Math.abs(offset) / 3_600_000))}${two(Math.floor(Math.abs(offset) / 60_000) % 60)}`
  const time = (d: Date) => `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`
  const day = (d: Date) => `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`
  return template.replace(
    /\{(clf|iis|iisday|fgt|local|vn|pan|ns|syslog|iso|n(?:\+\d+)?(?::x)?|r:\d+-\d+|pick:[^}]*)\}/g,
    (_, token: string) => {
      switch (token) {
        case 'clf':
          return `${two(local.getUTCDate())}/${MONTHS[local.getUTCMonth()]}/${local.getUTCFullYear()}:${time(local)} ${zone}`
        case 'iis':
          return `${day(utc)} ${time(utc)}`
        case 'iisday':
          return day(utc)
        case 'fgt':
          return `date=${day(local)} time=${time(local)}`
        case 'local':
          return `${day(local)} ${time(local)}`
        case 'vn':
          return `${day(local).split('-').reverse().join('/')} ${time(local)}`
        case 'pan':
          return `${day(local).replaceAll('-', '/')} ${time(local)}`
        case 'ns':
          return `${at}000000`
        case 'syslog':
          return `${MONTHS[local.getUTCMonth()]} ${String(local.getUTCDate()).padStart(2, ' ')} ${time(local)}`
        case 'iso':
          return utc.toISOString()
      }
      if (token.startsWith('r:')) {
        const [low, high] = token.slice(2).split('-').map(Number)
        return String(low! + Math.floor(random() * (high! - low! + 1)))
      }
      if (token.startsWith('pick:')) {
        const choices = token.slice(5).split('|')
        return choices[Math.floor(random() * choices.length)]!
      }
      const m = /^n(?:\+(\d+))?(:x)?$/.exec(token)!
      const value = n + Number(m[1] ?? 0)
      return m[2] ? value.toString(16) : String(value)
    },
  )
}
