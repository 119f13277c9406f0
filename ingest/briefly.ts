import { setTimeout as sleep } from 'node:timers/promises'

/**
 * At the end of a process, what others would learn by themselves a little later: tried, and given up where the store is
 * away for more than 3 s, or fails. Never rejects.
 */
export const briefly = async (work: () => Promise<unknown> | undefined): Promise<void> => {
  await Promise.race([(async () => work())().catch(() => {}), sleep(3000, undefined, { ref: false })])
}
