/** The longest files first, so that no run ends with one worker at work: those that took more than a minute, by `longest:`. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const LONGEST = `
tests/browser/console.test.ts
tests/browser/console-elasticsearch.test.ts
tests/faults/cluster-away.test.ts
tests/faults/cluster-pause.test.ts
tests/faults/cluster-kill.test.ts
tests/faults/clock.test.ts
tests/faults/cluster-reparse.test.ts
tests/faults/upgrade.test.ts
tests/faults/cluster-reload.test.ts
tests/faults/stop.test.ts
tests/rules/case/elasticsearch-acts.test.ts
tests/faults/lost-day.test.ts
tests/faults/damage.test.ts
tests/ingest/store/elasticsearch-faults.test.ts
tests/ingest/rows/rows-elasticsearch.test.ts
tests/faults/acts.test.ts
tests/faults/kill.test.ts
tests/api/migrate-elasticsearch.test.ts
tests/faults/fuzz.test.ts
tests/rules/detect.test.ts
tests/api/command.test.ts
tests/api/accounts.test.ts
tests/ingest/collect/files.test.ts
tests/api/roles.test.ts
tests/ingest/rows/rows.test.ts`
  .trim()
  .split('\n')

const placeOf = ({ moduleId }: TestSpecification): number => {
  const at = LONGEST.findIndex((file) => moduleId.endsWith(file))
  return at < 0 ? LONGEST.length : at
}

export default class Sequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => placeOf(a) - placeOf(b) || (a.moduleId < b.moduleId ? -1 : 1))
  }
}
