// Our own controllers, scheduler and node agents under chaos. Here as many seeds as a test run can afford; `pnpm torture -- chaos` takes more.
import { describeInChaos } from './run.ts';
import { housekeepingScenarios } from './housekeeping.ts';

describeInChaos(housekeepingScenarios);
