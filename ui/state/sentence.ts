import type { Event } from '../../ingest/event.ts'
import type { Words } from '../i18n/vi.ts'

export type Part =
  | { text: string }
  | { field: string; value: string | number | boolean; label?: string; mono?: boolean }

const scalar = (event: Event, field: string): string | number | boolean | undefined => {
  const value = event[field]
  return Array.isArray(value) ? (value[0] as string) : (value as string | number | boolean | undefined)
}

/** An event as a person reads it: who did what to whom, and how it ended. */
export const sentence = (event: Event, t: Words): Part[] => {
  const out: Part[] = []
  const has = (field: string) => scalar(event, field) !== undefined
  const add = (field: string, mono = false, label?: string) => {
    const value = scalar(event, field)
    if (value !== undefined) out.push({ field, value, mono, ...(label && { label }) })
  }
  const say = (text: string) => out.push({ text })

  if (event['event.kind'] === 'pipeline_error') {
    say(`${t.sentence.unparsed}: ${String(event['error.message'] ?? '')}`)
    return out
  }
  if (has('source.ip')) {
    add('source.ip', true)
    const network = scalar(event, 'source.network.name')
    const country = scalar(event, 'source.geo.country_iso_code')
    if (network) say(`(${network})`)
    else if (country) say(`(${country})`)
  } else if (has('source.address')) add('source.address', true)
  if (has('user.name')) {
    if (out.length) say('·')
    say(t.sentence.user)
    add('user.name', true)
  }
  const target = has('portal.domain')
    ? 'portal.domain'
    : has('url.domain')
      ? 'url.domain'
      : has('destination.ip')
        ? 'destination.ip'
        : has('destination.address')
          ? 'destination.address'
          : undefined
  if (has('http.request.method') || has('url.original')) {
    say('→')
    add('http.request.method', true)
    if (target) add(target)
    add(has('url.decoded') ? 'url.decoded' : has('url.original') ? 'url.original' : 'url.path', true)
    if (has('http.response.status_code')) {
      say('→')
      add('http.response.status_code', true)
    }
    return out
  }
  if (target) {
    if (out.length) say('→')
    add(target, target !== 'portal.domain')
    if (has('destination.port')) add('destination.port', true, `:${scalar(event, 'destination.port')}`)
    if (has('network.transport')) add('network.transport')
  }
  if (has('event.action')) {
    if (out.length) say('·')
    add('event.action')
  } else if (has('event.outcome')) {
    if (out.length) say('·')
    add('event.outcome')
  }
  if (has('rule.name')) {
    say(t.sentence.byRule)
    add('rule.name')
  }
  if (has('message') && out.length < 5) {
    if (out.length) say('·')
    say(String(event['message']))
  }
  if (!out.length) say(String(event['event.original'] ?? t.sentence.noDetail))
  return out
}

const FIRST = [
  '@timestamp',
  'event.dataset',
  'event.action',
  'event.outcome',
  'organization.name',
  'portal.domain',
  'source.ip',
  'source.port',
  'source.geo.country_iso_code',
  'source.as.number',
  'source.as.organization.name',
  'destination.ip',
  'destination.port',
  'http.request.method',
  'url.original',
  'url.decoded',
  'http.response.status_code',
  'user.name',
  'user_agent.original',
]
/** Fields in the order a person looks for them: what matters first, the rest by name, the raw line apart. */
export const ordered = (event: Event): string[] => {
  const rank = new Map(FIRST.map((name, i) => [name, i]))
  return Object.keys(event)
    .filter((name) => name !== 'event.original')
    .sort((a, b) => (rank.get(a) ?? 999) - (rank.get(b) ?? 999) || (a < b ? -1 : 1))
}
export const isTime = (field: string) =>
  field === '@timestamp' ||
  field === 'event.ingested' ||
  field === 'event.start' ||
  field === 'event.end' ||
  field === 'vonglau.time.parsed'
