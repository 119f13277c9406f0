/**
 * Who guesses waits longer with each wrong password: 1 s after the first that are free, then twice as long each time, up to
 * 15 minutes. Failures are counted on lanes that do not touch each other:
 *
 * - by account, for attempts from places where nobody has signed in to it: however many addresses they come from;
 * - by account and place, where somebody has (a known place): so that whoever guesses elsewhere does not shut the owner out;
 * - by place, for every account that is not known there.
 *
 * An attempt counts as failed when it begins, and is taken back when it succeeds: a hundred at once are no hole. One that has
 * to wait is not looked at, and makes the wait no longer. What is kept is bounded: names that are nobody's share slots, and of
 * places and pairs the longest unused are forgotten, which an account's own lane outlives.
 *
 * It is in the memory of one process: where several answer the console, each counts for itself, so that who reaches all of n
 * has n times the free attempts. Places where an account is known are in its document, and so known to all.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { parseIp, prefix64 } from '../../ingest/ip.ts'

/** Wrong passwords that cost no wait. Behind one address sit whole offices. */
const FREE = { account: 10, place: 30 } as const
const MOST_WAIT = 15 * 60_000
/** Without a further failure for so long, what was counted is forgotten. */
const FORGET = 24 * 3_600_000
const SLOTS = 1024
const KEPT = 10_000

interface Lane {
  failures: number
  last: number
}
export interface Attempt {
  /** The account that has this name; undefined: nobody's. */
  readonly account: string | undefined
  readonly name: string
  readonly place: string
  /** Somebody has signed in to the account from there. */
  readonly known: boolean
  /** Its password cannot be guessed (a one-time password that nobody has used): the account's lane is left out. */
  readonly unguessable?: boolean
}
/** `wait`: ms until an attempt is looked at again. Otherwise how it ended has to be told. */
export type Admission =
  | { readonly wait: number }
  | {
      readonly wait: 0
      /** The password was right. */
      succeeded(): void
      /** It was not looked at after all: the store was away. */
      undone(): void
    }
export interface Backoff {
  begin(attempt: Attempt): Admission
  /** A new password: what was counted against the old one is over. */
  forget(account: string): void
  /** How many things it remembers. */
  size(): number
}

/** Where somebody is, as far as guessing goes: an IPv4 address, or the /64 of an IPv6 one, all of which is one person's. */
export const placeOf = (address: string): string => {
  const ip = parseIp(address)
  return ip === undefined ? address.slice(0, 64) : (prefix64(ip) ?? address)
}

export const openBackoff = (clock: () => number): Backoff => {
  const lanes = new Map<string, Lane>()
  const secret = randomBytes(16)
  const slot = (name: string) => createHmac('sha256', secret).update(name).digest().readUInt32BE(0) % SLOTS
  const waitOf = (key: string, free: number, now: number): number => {
    const lane = lanes.get(key)
    if (!lane || lane.failures < free) return 0
    // A clock that was set back counts as no time gone by.
    const gone = Math.max(0, now - lane.last)
    if (gone > FORGET) return 0
    return Math.max(0, Math.min(MOST_WAIT, 1000 * 2 ** Math.min(30, lane.failures - free)) - gone)
  }
  const count = (key: string, now: number): (() => void) => {
    const before = lanes.get(key)
    const lane = before && now - before.last <= FORGET ? before : { failures: 0, last: now }
    lane.failures++
    const last = lane.last
    lane.last = now
    // To the end: the longest unused is the first.
    lanes.delete(key)
    lanes.set(key, lane)
    if (lanes.size > KEPT) forgetOne()
    return () => {
      lane.failures--
      if (lane.last === now) lane.last = last
      if (lane.failures <= 0 && lanes.get(key) === lane) lanes.delete(key)
    }
  }
  /** The longest unused place or pair; lanes of accounts stay, for there are only as many as accounts and slots. */
  const forgetOne = () => {
    for (const key of lanes.keys())
      if (!key.startsWith('account ')) {
        lanes.delete(key)
        return
      }
  }
  return {
    begin: ({ account, name, place, known, unguessable = false }) => {
      const now = clock()
      const pair = `pair ${account} ${place}`
      const mine: [string, number][] = known
        ? [[pair, FREE.account]]
        : [
            [`place ${place}`, FREE.place],
            ...(unguessable ? [] : [[`account ${account ?? `? ${slot(name)}`}`, FREE.account] as [string, number]]),
          ]
      const wait = Math.max(...mine.map(([key, free]) => waitOf(key, free, now)))
      if (wait > 0) return { wait }
      const undo = mine.map(([key]) => count(key, now))
      const undone = () => {
        for (const each of undo) each()
      }
      return {
        wait: 0,
        undone,
        succeeded: () => {
          undone()
          // Only here: else who has an account of their own would wipe out what is counted of their place.
          if (known) lanes.delete(pair)
        },
      }
    },
    forget: (account) => {
      for (const key of lanes.keys())
        if (key === `account ${account}` || key.startsWith(`pair ${account} `)) lanes.delete(key)
    },
    size: () => lanes.size,
  }
}
