/**
 * An exception: events of some rules, or of all, that nobody is to be told of any more: by whom, why and until when. What it
 * says changes by acts; since when it holds is said by the detector (`spans`), for only that knows what it has been over.
 */
import { SYSTEM, type Stored } from '../../ingest/store/store.ts'
import { type Actor, type CaseDocument, Refused } from './act.ts'
import { type Cases, exceptionsIn, newActId } from './decide.ts'
import { apply } from './table.ts'

export type ExceptionStatus = 'active' | 'withdrawn' | 'ended'

/** What is left out of what. */
export interface Excepting {
  /** KQL over the event. */
  readonly kql: string
  /** Written by somebody to whom parts of events are masked: then what holds such is not met. */
  readonly guarded?: true
  /** Ids of rules, and names of their groups (`groupOfRule`); neither: all rules. */
  readonly rules: readonly string[]
  readonly groups: readonly string[]
  /** Epoch ms of ingest: events that come later are told of again. */
  readonly expires: number
}
/** In force for events whose ingest time is in (from, until], and not after it has expired. */
export interface Span extends Excepting {
  readonly from: number
  readonly until?: number
}

export interface Exception extends CaseDocument {
  readonly 'exception.status': ExceptionStatus
  readonly 'exception.kql': string
  readonly 'exception.guarded'?: true
  readonly 'exception.rules': readonly string[]
  readonly 'exception.groups': readonly string[]
  readonly 'exception.expires': number
  /** The name of the account of whoever answers for it. */
  readonly 'exception.owner': string
  readonly 'exception.reason': string
  /** A suppression: the group of an alert, for a short time. */
  readonly 'exception.suppression'?: true
  /** The alert that it was made from. */
  readonly 'exception.alert'?: string
  readonly 'exception.created': number
  readonly 'exception.by': string
  readonly spans?: readonly Span[]
}

/** What a person says of it. */
export interface Said extends Excepting {
  readonly owner: string
  readonly reason: string
  readonly suppression?: true
  readonly alert?: string
}
const fieldsOf = (said: Partial<Said>): { readonly [field: string]: unknown } =>
  Object.fromEntries(Object.entries(said).map(([name, value]) => [`exception.${name}`, value]))

export const excepting = (doc: Exception): Excepting => ({
  kql: doc['exception.kql'],
  ...(doc['exception.guarded'] ? { guarded: true } : {}),
  rules: doc['exception.rules'],
  groups: doc['exception.groups'],
  expires: doc['exception.expires'],
})

/** ms: a year, with the day that a leap year has more. */
export const LONGEST = 366 * 86_400_000
/** Refuses what may not be: no reason, no end, an end too far away. */
export const checkSaid = (said: Partial<Said>, now: number, longest = LONGEST): void => {
  const { reason, expires } = said
  if (reason !== undefined && !reason.trim())
    throw new Refused('reason', 'Ngoại lệ cần lý do.', 'An exception needs a reason.')
  if (expires === undefined) return
  if (expires <= now && expires * 1000 > now)
    throw new Refused(
      'expires',
      `Ngày hết hạn ghi bằng mili giây tính từ năm 1970, còn ${expires} là số giây: hãy ghi ${expires * 1000}.`,
      `The expiry is a number of milliseconds since 1970, and ${expires} is one of seconds: write ${expires * 1000}.`,
    )
  if (expires <= now)
    throw new Refused('expires', 'Ngày hết hạn đã qua: hãy chọn ngày sau.', 'The expiry is past: choose a later day.')
  const days = Math.floor(longest / 86_400_000)
  if (expires - now > longest)
    throw new Refused(
      'expires',
      days > 100
        ? 'Ngoại lệ có hiệu lực tối đa một năm: hãy chọn ngày hết hạn sớm hơn.'
        : `Vai trò của bạn được đặt ngoại lệ tối đa ${days} ngày: hãy chọn ngày hết hạn sớm hơn, hoặc nhờ người viết luật.`,
      days > 100
        ? 'An exception lasts a year at most: choose an earlier expiry.'
        : `Your role may make an exception for ${days} days at most: choose an earlier expiry, or ask a rule author.`,
    )
}

/** Begins an exception: durable when it resolves; the rules go by it from their next run on. */
export const except = async (cases: Cases, said: Said, actor: Actor): Promise<Stored<Exception>> => {
  const at = cases.clock()
  const id = newActId()
  const blank = { 'exception.status': 'new', 'exception.created': at, 'exception.by': actor.name }
  const wanted = { what: 'except', id: newActId(), set: fieldsOf(said) } as const
  const doc = apply(blank as CaseDocument, 'exception', wanted, actor, at, { deadlines: {} }) as Exception
  const [put] = await exceptionsIn(cases.documents).put([{ id, version: null, doc }])
  if (!put?.ok) throw new Error(`the exception ${id} is there already`)
  return (await exceptionsIn(cases.documents).get(SYSTEM, id))!
}

/** What an amendment sets. */
export const amended = (said: Partial<Said>) => ({ what: 'amend', id: newActId(), set: fieldsOf(said) }) as const
