/**
 * Runs the sources of a process: reads every one on from its committed offset, as long as it is this process's turn. Rows
 * under way are bounded; a batch that the store refuses is read again from what is committed.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { counted } from './counted.ts'
import { briefly } from './briefly.ts'
import { clockOf } from './clock.ts'
import { openFinder } from './collect/file.ts'
import { openSpool, type Spool } from './collect/spool.ts'
import type { Ingest, IngestOptions } from './ingest.ts'
import { openMeter } from './meter.ts'
import { openNotices } from './notices.ts'
import { openReader, type Reader } from './reader.ts'
import { openRoom } from './room.ts'
import { type Source, type SourceStatus, UNKNOWN_SOURCE } from './source.ts'
import { openStages } from './stages.ts'
import type { Lease } from './store/store.ts'
import { openTurn, turnOf } from './turn.ts'

/** Rows handed to the store and not yet copied into a commit: while one of full size is written, the next is parsed. */
const MOST_ROWS = 65_536
const RETRY = 1000
/** The number in the name of a spool file's segment. */
const SPOOLED = /(?<=^|-)0\d{9}$/
/** ms that the end of the process waits for the store to take what was handed over. */
const PATIENCE = 10_000

/** One source that is read. */
interface Run {
  looks: number
  ended: boolean
  /** Its turn is its own; that of the spool is shared by all that are read from it. */
  alone: boolean
  reader: Reader
  loop: Promise<void>
  release(): Promise<void>
}

export const createIngest = async (options: IngestOptions): Promise<Ingest> => {
  const { store, warn } = options
  const clock = clockOf(options.clock)
  let stopping = false
  let lines = 0
  let bytes = 0
  const notices = openNotices(warn)
  const room = openRoom(options.most ?? MOST_ROWS)
  const spools = new Map<string, Spool>()
  const running = new Map<string, Run>()
  let started = false
  const wake = new Map<string, () => void>()
  const unknown: Source = {
    id: UNKNOWN_SOURCE,
    parser: UNKNOWN_SOURCE,
    timezone: 'UTC',
    collect: { kind: 'syslog', from: [] },
    silent: Infinity,
  }
  const withUnknown = (sources: readonly Source[]): readonly Source[] => [
    ...sources,
    ...(options.whole ? [] : [unknown]),
  ]
  let all = withUnknown(options.sources)
  const meters = new Map([...all, unknown].map((source) => [source.id, openMeter(source, clock)]))
  const stages = await openStages({
    sources: all,
    inventory: options.inventory,
    geoip: options.geoip,
    history: options.history ?? false,
    much: options.much ?? false,
    packing: store.packing,
    judging: options.judging,
  })
  // After a kill, a request of the process before this one may still arrive: its spool is read when that is ruled out.
  const spoolTurn = options.lease && options.node ? openTurn(options.lease, `spool ${options.node}`) : undefined

  const offsets = await store.offsets()
  const numberOf = (source: Source): number =>
    Math.max(
      0,
      ...offsets.map((each) => (each.source === source.id ? Number(SPOOLED.exec(each.segment)?.[0] ?? 0) : 0)),
    )
  const spoolOf = (source: Source): Spool => {
    let spool = spools.get(source.id)
    if (!spool) {
      const delay = source.collect.kind === 'syslog' ? 100 : 0
      spools.set(source.id, (spool = openSpool(join(options.spoolFolder, source.id), clock, delay, numberOf(source))))
      spool.onAppend(() => wake.get(source.id)?.())
    }
    return spool
  }

  /** Reads a source until it is ended, or the process. */
  const runSource = async (source: Source): Promise<void> => {
    const meter = meters.get(source.id)!
    const { collect } = source
    const mine = { looks: 0, ended: false, alone: collect.kind === 'file' } as Run
    const finder =
      collect.kind === 'file'
        ? openFinder(collect.path, {
            whole: options.whole ?? false,
            start: collect.start,
            node: options.node,
            shared: collect.shared ?? false,
            files: collect.files ?? [],
          })
        : undefined
    const reader = openReader({
      source,
      store,
      stages,
      room,
      meter,
      clock,
      warn,
      finder,
      spool: finder ? undefined : spoolOf(source),
      node: options.node,
      stopping: () => stopping || mine.ended,
      spoiled: (count, path) => {
        meter.dropped(count)
        notices.add(
          `spool-${source.id}`,
          count,
          (total) =>
            `source ${source.id}: ${counted(total, 'accepted line')} could not be read from the spool any more, the last in ${path}: the bytes on the disk have changed; look at the disk`,
        )
      },
      wake: () => wake.get(source.id)?.(),
      counted: (some, size) => {
        lines += some
        bytes += size
      },
    })
    const turn = options.lease && (finder ? openTurn(options.lease, turnOf(source, options.node)) : spoolTurn)
    let lease: Lease | undefined
    /** Whether this process reads the source. */
    const own = async (): Promise<boolean> => {
      if (!turn || lease?.held()) return true
      if (lease) {
        lease = undefined
        meter.storeProblem(undefined)
        await reader.leave()
      }
      lease = await turn.take()
      if (lease) await reader.begin(lease)
      return lease !== undefined
    }
    const loop = async () => {
      while (!stopping && !mine.ended) {
        let state = { more: false, failed: false }
        try {
          const ours = await own()
          if (ours) state = await reader.look()
          // What is in the spool, nobody else reads.
          if (ours || finder) mine.looks++
        } catch (error) {
          meter.problem((error as Error).message)
        }
        // What is behind has no pause; else the next look, or the spool's word, whichever is first.
        const wait = state.failed ? RETRY : state.more ? 0 : (options.poll ?? 500)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, wait)
          wake.set(source.id, () => {
            clearTimeout(timer)
            resolve()
          })
        })
      }
      if (!stopping) await reader.settled()
      await reader.leave()
    }
    mine.reader = reader
    mine.release = async () => lease?.release()
    running.set(source.id, mine)
    await reader.begin(undefined)
    mine.loop = loop()
  }
  /** What was handed over is settled first: whoever reads on begins where it ended. */
  const endSource = async (id: string): Promise<void> => {
    const run = running.get(id)
    if (!run) return
    run.ended = true
    wake.get(id)?.()
    await run.loop
    if (run.alone) await run.release()
    running.delete(id)
  }
  const setSources = async (next: readonly Source[]): Promise<void> => {
    const said = new Map(all.map((source) => [source.id, JSON.stringify(source)]))
    const wanted = withUnknown(next)
    const changed = wanted.filter((source) => said.get(source.id) !== JSON.stringify(source))
    const gone = all.filter(({ id }) => !wanted.some((source) => source.id === id))
    await Promise.all([...changed, ...gone].map(({ id }) => endSource(id)))
    all = wanted
    stages.setSources(wanted)
    for (const { id } of gone) meters.delete(id)
    for (const source of changed) {
      meters.set(source.id, openMeter(source, clock))
      if (started && !stopping) await runSource(source)
    }
  }
  let changing: Promise<void> = Promise.resolve()
  const behind = async (id: string) => (await running.get(id)?.reader.behind()) ?? 0

  return {
    start: async () => {
      started = true
      for (const source of all) await runSource(source)
    },
    accept: (source, batch, sender, part) => {
      const known = all.find((each) => each.id === source) ?? unknown
      const meter = meters.get(known.id)!
      try {
        // Nothing that waits for the sync holds the lines.
        return spoolOf(known)
          .append(batch, sender, part)
          .then((taken) => {
            if (taken.accepted > 0) meter.arrived()
            return taken
          })
      } catch (error) {
        return Promise.reject(error as Error)
      }
    },
    acceptNamed: async (source, documents, sender, names) => {
      const known = all.find((each) => each.id === source) ?? unknown
      // Its own: the source may have ended when the lines are on disk.
      const meter = meters.get(known.id)!
      const taken = await spoolOf(known).appendNamed(documents, sender, names)
      if (taken.accepted > 0) meter.arrived()
      return taken
    },
    position: async (source, stream) => {
      const known = all.find((each) => each.id === source)
      return known && spoolOf(known).position(stream)
    },
    drop: (source, count) => meters.get(source)?.dropped(count),
    status: async () => {
      const out: SourceStatus[] = []
      for (const source of all) {
        const status = meters.get(source.id)!.status(await behind(source.id))
        if (source !== unknown || status.lines > 0 || status.dropped > 0) out.push(status)
      }
      return out
    },
    behind,
    notices,
    spoolFolder: options.spoolFolder,
    drain: async () => {
      // Two whole looks at each source after the call: the first may have begun before it.
      const goal = new Map([...running].map(([id, { looks }]) => [id, looks + 2]))
      for (;;) {
        let left = room.taken()
        for (const [id, { looks }] of running) {
          const more = (await behind(id)) + (looks < goal.get(id)! ? 1 : 0)
          if (more) wake.get(id)?.()
          left += more
        }
        if (left === 0) return
        await new Promise((resolve) => setTimeout(resolve, 15))
      }
    },
    progress: () => ({ lines, bytes }),
    // One after the other.
    setSources: (next) => (changing = changing.catch(() => {}).then(() => setSources(next))),
    setInventory: stages.setInventory,
    setJudging: stages.setJudging,
    stop: async () => {
      stopping = true
      room.end()
      for (const each of wake.values()) each()
      const began = performance.now()
      // A loop may wait for the store as well.
      await Promise.race([
        Promise.all([...running.values()].map(({ loop }) => loop)),
        sleep(PATIENCE, undefined, { ref: false }),
      ])
      for (const spool of spools.values()) await spool.close()
      // What was handed over is committed or refused before the store closes. Where the store is away for longer, it is
      // read again from the committed offset by whoever goes on, and the leases are free when this process is seen to be dead.
      while (room.taken() > 0 && performance.now() - began < PATIENCE)
        await new Promise((resolve) => setTimeout(resolve, 20))
      await stages.stop()
      if (room.taken() > 0) return
      await briefly(() => Promise.all([...running.values()].map(({ release }) => release())))
    },
  }
}
