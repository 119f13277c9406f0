/** What a question's parameters are refused with: one sentence that names the parameter, and what to write instead. */
import type { z } from 'zod'
import { Refusal } from './refusal.ts'
import type { Why } from './schema/query.ts'

const bad = (given: string, value: string, { vi, en }: Why): Refusal => {
  const name = given.slice(0, 60)
  const shown = JSON.stringify(value.slice(0, 60))
  return new Refusal(400, 'parameter', `${name}=${shown}: ${vi}.`, `${name}=${shown}: ${en}.`)
}

export const queryRefusal = (issue: z.core.$ZodIssue, given: unknown): Refusal => {
  const name = String(issue.code === 'unrecognized_keys' ? issue.keys[0] : (issue.path[0] ?? ''))
  const value = (given as { readonly [name: string]: string | readonly string[] })[name] ?? ''
  if (issue.code === 'custom') {
    const why = issue.params as Why
    return why.code ? new Refusal(400, why.code, why.vi, why.en) : bad(name, String(value), why)
  }
  return issue.code === 'unrecognized_keys'
    ? bad(name, String(value), { vi: 'không có tham số này', en: 'there is no such parameter' })
    : bad(name, String(value), { vi: 'chỉ ghi một lần', en: 'write it once' })
}

/** `from` < `to`; without them the `before` ms up to now. */
export const rangeOf = (
  q: { readonly from?: number | undefined; readonly to?: number | undefined },
  now: number,
  before: number,
): { readonly from: number; readonly to: number } => {
  const to = q.to ?? now + 1
  const from = q.from ?? Math.max(0, to - before)
  if (from >= to)
    throw bad('from', String(q.from ?? ''), {
      vi: 'thời điểm đầu phải trước thời điểm cuối',
      en: 'it has to be before "to"',
    })
  return { from, to }
}
/** For the store, which knows no undefined. */
export const placeOf = ({ cursor }: { readonly cursor?: string | undefined }): { readonly cursor?: string } =>
  cursor === undefined ? {} : { cursor }
