/** What judges rows in the parse stage (`ingest/judge.ts`), in whatever thread. */
import type { Judge } from '../../ingest/judge.ts'
import { type Row, TEXT } from '../../ingest/row/row.ts'
import type { JudgeInput } from '../ruleset.ts'
import { openRowEngine } from './rows.ts'

/** Bytes of a text up to which an event is judged where its line is taken apart; one of more waits for a thread of its own. */
export const LONGEST = 8192

export const openJudge = (input: unknown): Judge => {
  const { labels, filters } = input as JudgeInput
  const engine = openRowEngine(filters)
  let meet: (label: string) => void = () => {}
  const found = (filter: number) => meet(labels[filter]!)
  return (row, met) => {
    if (isLong(row)) return false
    meet = met
    engine.match(row, found)
    return true
  }
}

/** The line is among the texts, and those that were made of it may be longer. */
const isLong = ({ said, count, place, kind, from, to }: Row): boolean => {
  for (let i = 0; i < count; i++) {
    const f = said[i]!
    if (kind[f] === TEXT && to[f]! - from[f]! > LONGEST && place[f] === i + 1) return true
  }
  return false
}
