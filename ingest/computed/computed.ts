/**
 * Fields that are computed when an event is read or matched, and stored only where the line itself says them: kept, a column of
 * values that are all different would take more than the rest of the event.
 */
import { INPUTS, isQuiet, REQUEST_FIELDS } from '../enrich/request/fields.ts'
import { communityIds, FLOW_ALSO, FLOW_OF } from './community-id.ts'
import { DOMAINS } from './domains.ts'
import { RELATED } from './related.ts'
import { USER_AGENT } from './user-agent.ts'
import { type Event, type Scalar, type Value, valuesOf } from '../event.ts'

export interface Computed {
  /** What it is computed of; absent where one of them is, or with `any` where all are. */
  readonly of: readonly string[]
  readonly any?: true
  /** What is looked at too, where it is there. */
  readonly also?: readonly string[]
  readonly value: (event: Event) => Value | undefined
  /** All that are computed together, of the same: who reads several makes what they are computed of once. */
  readonly family?: readonly string[]
  /** Whether none of the family can be computed of the event: who reads all of them asks this first. */
  readonly none?: (event: Event) => boolean
  /** Few events have it: a rule is chosen by it. */
  readonly seldom?: true
}

const FAMILY = [...REQUEST_FIELDS.keys()]

export const COMPUTED: ReadonlyMap<string, Computed> = new Map<string, Computed>([
  [
    'network.community_id',
    {
      of: FLOW_OF,
      also: FLOW_ALSO,
      value: communityIds,
    },
  ],
  ...DOMAINS,
  ...USER_AGENT,
  ...RELATED,
  ...[...REQUEST_FIELDS].map(
    ([name, value]) => [name, { of: INPUTS, any: true, value, family: FAMILY, none: isQuiet, seldom: true }] as const,
  ),
])

/** What a field is computed of; of one that is not, nothing. */
export const inputsOf = (name: string): readonly string[] => {
  const computed = COMPUTED.get(name)
  return computed === undefined ? [] : [...computed.of, ...(computed.also ?? [])]
}
/** Names of fields, and of what those are computed of. */
export const withInputs = (names: readonly string[]): string[] => names.flatMap((name) => [name, ...inputsOf(name)])

/** The values of a field as a list, computed where they are not there; absent is []. */
export const valuesIn = (event: Event, name: string): readonly Scalar[] => {
  const values = valuesOf(event, name)
  const computed = values.length === 0 ? COMPUTED.get(name)?.value(event) : undefined
  return computed === undefined ? values : [computed].flat()
}

/** The event with what can be computed of it, as a person reads it. */
export const withComputed = (event: Event): Event => {
  let out = event
  for (const [name, { value }] of COMPUTED) {
    if (Object.hasOwn(event, name)) continue
    const found = value(event)
    if (found !== undefined) out = { ...out, [name]: found }
  }
  return out
}
