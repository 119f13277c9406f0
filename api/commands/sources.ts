/** `vonglau sources`: how they are, and the versions of one. */
import type { Command } from 'commander'
import type { SourceRow } from '../contract.ts'
import type { Request } from '../control.ts'
import type { Answer } from './reach.ts'
import { print, table } from './show.ts'

export const addSources = (program: Command, ask: (request: Request) => AsyncIterable<Answer>): void => {
  const sources = program
    .command('sources')
    .description('the sources and how they are')
    .action(async () => {
      const rows: (string | number)[][] = [['source', 'parser', 'state', 'lines/24h', 'unparsed', 'behind', 'problem']]
      for await (const answer of ask({ ask: 'sources' })) {
        const source = answer['source'] as SourceRow
        rows.push([
          source.id,
          source.parser,
          source.state,
          source.lines,
          source.unparsed,
          source.behind,
          source.problem ?? '',
        ])
      }
      await print([
        rows.length > 1 ? table(rows) : 'no sources are configured: add some under "sources:" in vonglau.yml',
      ])
    })
  sources
    .command('history')
    .description('the versions of a source: when, by whom or from which file, and why; or what differs between two')
    .argument('<source>', 'the id of a source')
    .option('--from <version>', 'what differs from this version on')
    .option('--to <version>', 'up to this one, or file (default: the newest)')
    .action(async (source: string, options: { from?: string; to?: string }) => {
      const rows: string[][] = []
      for await (const answer of ask({ ask: 'source.history', source, ...options })) {
        if ('lines' in answer) await print(answer['lines'] as string[])
        else rows.push((answer['version'] as string[]).map(String))
      }
      if (rows.length > 0) await print([table([['version', 'when (UTC)', 'by', 'why'], ...rows])])
    })
}
