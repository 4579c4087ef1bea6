/**
 * What must have happened in a thousand schedules, and how often at least: a simulation in which nothing goes wrong proves nothing. About a
 * third of what usually happens.
 */
export const leastPerThousand: Readonly<Record<string, number>> = {
  'crash before a request': 25,
  'crash executed a request': 20,
  'crash answered a request': 15,
  'crash between a bundle and its assignment': 5,
  'orderly end': 150,
  freeze: 120,
  'connection cut': 120,
  'connection dead and nobody notices': 40,
  'answer lost': 500,
  'answer too late': 1000,
  'request lost': 200,
  'slow answer': 1000,
  'message lost with its connection': 200,
  'repeated message lost': 400,
  'repeated message twice': 300,
  'repeated messages swapped': 300,
  'several messages in one piece': 5000,
  'bulk read in several turns': 10_000,
  'bulk read from a replica that lags': 200,
  'write refused: not the expected sequence': 300,
  'question to a stream without leader': 200,
  'server restart': 60,
  'server wiped': 80,
  'server restored': 80,
  'server loses its last writes': 80,
  'bucket deleted': 80,
  'foreign write': 60,
  'lease passed on': 150,
  'proxy goes to another server': 60,
};

/** What happened too rarely; empty = the run says something. */
export function whatIsMissing(
  counts: Readonly<Record<string, number>>,
  schedules: number,
): readonly string[] {
  return Object.entries(leastPerThousand).flatMap(([what, least]) => {
    const wanted = Math.floor((least * schedules) / 1000);
    const count = counts[what] ?? 0;
    return count < wanted ? [`${what}: ${count}, not ${wanted}`] : [];
  });
}
