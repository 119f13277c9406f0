import { runs } from '../random.ts'
import { embeddedPlace } from '../rules/stores.ts'
import { actsSuite } from '../rules/case/acts.suite.ts'

actsSuite('embedded', embeddedPlace, { runs: runs(8), steps: 36, every: Math.ceil(3 / runs(1)), shared: true })
