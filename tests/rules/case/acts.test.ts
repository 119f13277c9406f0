import { embeddedPlace } from '../stores.ts'
import { actsSuite } from './acts.suite.ts'

// Every write and longer sequences: tests/faults/acts.test.ts.
actsSuite('embedded', embeddedPlace, { runs: 6, steps: 24, every: 9, shared: true })
