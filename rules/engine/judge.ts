/** What judges rows in the parse stage (`ingest/judge.ts`), in whatever thread. */
import type { Judge } from '../../ingest/judge.ts'
import type { JudgeInput } from '../ruleset.ts'
import { openEngine } from './engine.ts'

export const openJudge = (input: unknown): Judge => {
  const { labels, filters } = input as JudgeInput
  const engine = openEngine(filters)
  return (row, met) => {
    engine.match(row.event(), (filter) => met(labels[filter]!))
    return true
  }
}
