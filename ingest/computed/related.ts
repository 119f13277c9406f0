/** What an event names of one kind, whatever its part in it (ECS, "Related Fields"). `related.ip` is a column of its own (`event.ts`). */
import { type Event, valuesOf } from '../event.ts'
import type { Computed } from './computed.ts'

const OF: Readonly<Record<string, readonly string[]>> = {
  'related.user': [
    'user.name',
    'source.user.name',
    'destination.user.name',
    'user.target.name',
    'user.effective.name',
    'email.from.address',
    'email.to.address',
  ],
  'related.hosts': [
    'host.name',
    'url.domain',
    'source.domain',
    'destination.domain',
    'observer.name',
    'dns.question.name',
  ],
  'related.hash': [
    'file.hash.md5',
    'file.hash.sha1',
    'file.hash.sha256',
    'process.hash.sha256',
    'tls.client.ja3',
    'tls.server.ja3s',
  ],
}
const valuesOfAll = (event: Event, names: readonly string[]): readonly string[] | undefined => {
  const out = new Set<string>()
  for (const name of names) for (const value of valuesOf(event, name)) out.add(String(value))
  return out.size === 0 ? undefined : [...out]
}

export const RELATED: readonly (readonly [field: string, Computed])[] = Object.entries(OF).map(([name, of]) => [
  name,
  { of, any: true, value: (event: Event) => valuesOfAll(event, of) },
])
