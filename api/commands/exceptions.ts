/** Exceptions that are in force, as another process says them. */
import { type Exceptions, exceptionsOf } from '../../rules/exceptions.ts'
import type { Config } from '../config.ts'
import type { ExceptionRow } from '../contract-rules.ts'
import { guardOf } from '../masks.ts'
import type { Answer } from './reach.ts'

export const exceptionsFrom = async (config: Config, answers: AsyncIterable<Answer>): Promise<Exceptions> => {
  const spans: Parameters<typeof exceptionsOf>[0][number][] = []
  for await (const answer of answers) {
    const { id, status, kql, rules, groups, expires, guarded } = answer['exception'] as ExceptionRow
    if (status !== 'active') continue
    spans.push({ id, span: { kql, rules, groups, expires, from: 0, ...(guarded ? { guarded } : {}) } })
  }
  return exceptionsOf(spans, { guard: guardOf(config.masks), always: true })
}
