/**
 * How much may be under way at once. Grows while answers come quickly, and shrinks when they come late because of what lies before them on
 * a slow link: then a lease's renewal on the same connection would come late, too.
 */
export interface SendWindow {
  readonly hasRoom: () => boolean;
  /** Counts something that is sent; the result, to be called once, counts its answer. */
  readonly send: (bytes: number) => () => void;
  /** Nothing of what was sent will be answered; begins anew. */
  readonly reset: () => void;
}

const messagesMax = 256;
const bytesFirst = 256 << 10;
const bytesMost = 8 << 20;
const bytesLeast = 1 << 10;
/** An answer that comes this much later than the quickest one had to wait for others. */
const lateMs = 250;

export function createSendWindow(now: () => number): SendWindow {
  let limit = bytesFirst;
  let bytesUnderWay = 0;
  let messagesUnderWay = 0;
  let quickestMs = Infinity;
  let shrunkMs = -Infinity;
  let life = 0;
  return {
    hasRoom: () =>
      messagesUnderWay === 0 || (messagesUnderWay < messagesMax && bytesUnderWay < limit),
    send: (bytes) => {
      const sentMs = now();
      const mine = life;
      bytesUnderWay += bytes;
      messagesUnderWay += 1;
      return () => {
        if (mine !== life) return;
        bytesUnderWay -= bytes;
        messagesUnderWay -= 1;
        const tripMs = now() - sentMs;
        quickestMs = Math.min(quickestMs, tripMs);
        // What was under way together shrinks it once, and does not make it grow again.
        if (sentMs < shrunkMs) return;
        if (tripMs <= quickestMs + lateMs) {
          const isFast = shrunkMs === -Infinity;
          limit = Math.min(limit + (isFast ? bytes : (bytes * bytes) / limit), bytesMost);
        } else {
          limit = Math.max(limit / 2, bytesLeast);
          shrunkMs = now();
        }
      };
    },
    reset: () => {
      life += 1;
      limit = bytesFirst;
      quickestMs = Infinity;
      shrunkMs = -Infinity;
      bytesUnderWay = 0;
      messagesUnderWay = 0;
    },
  };
}
