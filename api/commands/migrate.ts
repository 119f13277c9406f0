/** `vonglau migrate --to elasticsearch`. */
import { counted } from '../../ingest/counted.ts'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SingleBar } from 'cli-progress'
import { type Config, socketPath } from '../config.ts'
import { openInstallation } from '../installation.ts'
import { migrate } from '../migrate.ts'
import { nodeName } from '../nodes.ts'
import { clusterOf, openEmbedded } from '../store.ts'
import { listens } from './reach.ts'
import { tell } from './printable.ts'
import { print, table } from './show.ts'

export const moveToCluster = async (config: Config): Promise<void> => {
  if (await listens(socketPath(config)))
    throw new Error(`a Vọng Lâu runs on ${config.data}: stop it first, so that nothing new comes while it is copied`)
  if (!existsSync(join(config.data, 'documents.sqlite')))
    throw new Error(`${config.data} holds no embedded installation: name its folder under "data:"`)
  // What came last is looked at by the rules before it is copied: then they have seen everything.
  const before = await openInstallation({ ...config, store: 'duckdb' }, { clock: Date.now, warn: tell })
  try {
    await before.schedule.runAll()
  } finally {
    await before.close()
  }
  const node = nodeName(config.data)
  const from = await openEmbedded(config)
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: '{bar} {percentage} % · {value} events · {eta_formatted}', stream: process.stderr })
    : undefined
  try {
    const { openElasticsearch } = await import('../../ingest/store/elasticsearch.ts')
    const to = await openElasticsearch({ ...clusterOf(config), clock: () => 0, warn: tell })
    try {
      let begun = false
      const progress = ({ events, total }: { events: number; total: number }) => {
        if (!begun) bar?.start(total, 0)
        begun = true
        bar?.update(events)
      }
      const { events, documents, differences } = await migrate({ from, to, node, progress })
      bar?.stop()
      if (differences.length)
        throw new Error(
          `the counts differ; run the migration again, it goes on where it was:\n${table([['day', 'source', 'here', 'there'], ...differences.map((d) => [d.day, d.source, d.here, d.there])])}`,
        )
      await print([
        `${counted(events, 'event')} and ${counted(documents, 'document')} are in the cluster, the same by day and by source; start it with "store: elasticsearch", and keep ${config.data} until you are content: its spool is still read`,
      ])
    } finally {
      bar?.stop()
      await to.close()
    }
  } finally {
    await from.events.close()
    await from.documents.close()
  }
}
