/**
 * A host's name taken apart by the Public Suffix List (https://publicsuffix.org, as tldts carries it; suffixes that companies
 * run, `github.io`, among them): who could register it, what stands before, and the suffix (ECS, "URL Fields").
 */
import { parse } from 'tldts'
import type { Event } from '../event.ts'
import type { Computed } from './computed.ts'
import { remembered } from './remembered.ts'

interface Parts {
  readonly registered_domain: string | undefined
  readonly subdomain: string | undefined
  readonly top_level_domain: string | undefined
}
const NONE: Parts = { registered_domain: undefined, subdomain: undefined, top_level_domain: undefined }
/** RFC 1035 §2.3.4: no name is longer. */
const LONGEST = 253
const partsOf = remembered((name): Parts => {
  if (name.length > LONGEST) return NONE
  const { domain, subdomain, publicSuffix, isIp, isIcann, isPrivate } = parse(name, {
    allowPrivateDomains: true,
    extractHostname: false,
  })
  if (isIp || domain === null || !(isIcann || isPrivate)) return NONE
  return { registered_domain: domain, subdomain: subdomain || undefined, top_level_domain: publicSuffix ?? undefined }
})

/** Groups of ECS, and the field of a host's name in each. */
const NAMES: readonly (readonly [group: string, name: string])[] = [
  ['url', 'url.domain'],
  ['source', 'source.domain'],
  ['destination', 'destination.domain'],
  ['dns.question', 'dns.question.name'],
]
const PARTS = ['registered_domain', 'subdomain', 'top_level_domain'] as const

export const DOMAINS: readonly (readonly [field: string, Computed])[] = NAMES.flatMap(([group, name]) =>
  PARTS.map((part): readonly [string, Computed] => [
    `${group}.${part}`,
    {
      of: [name],
      value: (event: Event) => {
        const said = event[name]
        return typeof said === 'string' ? partsOf(said)[part] : undefined
      },
    },
  ]),
)
