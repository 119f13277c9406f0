/** What is wrong with events of long texts: rules that are too slow on them, and how many wait. */
import type { Detection } from './detection.ts'

/** Events that wait to be judged, from which on it is said. */
const MANY_OWED = 1000

export const owedSaid = (owed: ReturnType<Detection['owed']>): { code: string; message: string }[] => {
  if (!owed) return []
  const slow = [...owed.aside()].map(([id, n]) => ({
    code: `slow-${id}`,
    message: `rule ${id} took more than a second on each of ${n} events with texts longer than 8 KB: for an hour such events are not judged by it; name a text that has to be there, or a narrower expression`,
  }))
  const waiting = owed.waiting()
  const waits = `${waiting} events with texts longer than 8 KB wait to be judged by the rules`
  return waiting > MANY_OWED ? [...slow, { code: 'owed', message: waits }] : slow
}
