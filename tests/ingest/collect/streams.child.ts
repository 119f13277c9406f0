/** The process that streams.test.ts sees die: its lines are on disk, and nobody was told. */
import { openSpool } from '../../../ingest/collect/spool.ts'

const spool = openSpool(process.argv[2]!, Date.now, 0)
spool.onAppend(() => process.kill(process.pid, 'SIGKILL'))
const lines = ['một', 'hai', 'ba'].map((text) => Buffer.from(text))
await spool.append(lines, '127.0.0.1', { stream: 's', from: 0, to: 30, ends: [10, 20, 30] })
process.stdout.write('answered\n')
