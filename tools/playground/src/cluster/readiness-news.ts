/** What is known of a pod when somebody wants to tell of it. */
export interface PodNews {
  readonly title: string;
  readonly ready: boolean;
  /** One of its programs ends again and again, soon after each start. */
  readonly isCrashing: boolean;
  readonly isEnding: boolean;
  readonly reason: string;
}

/**
 * What people should hear about the pods, a line per change. A program that crashes in a loop makes its pod ready and not ready again
 * without end: that is told once, until it stays up.
 */
export class ReadinessNews {
  /** The pods that were last said to be ready. */
  #ready = new Set<string>();
  /** Those of which it was said that they go on crashing. */
  #crashing = new Set<string>();

  /** The lines to say, given all pods that there are now. */
  tell(pods: readonly PodNews[]): string[] {
    const lines: string[] = [];
    const present = new Map(pods.map((pod) => [pod.title, pod]));
    for (const pod of pods) {
      if (pod.ready && !pod.isCrashing && !this.#ready.has(pod.title)) {
        lines.push(`pod ${pod.title} is ready`);
        this.#ready.add(pod.title);
        this.#crashing.delete(pod.title);
      }
    }
    for (const title of [...this.#ready, ...this.#crashing]) {
      const pod = present.get(title);
      if (pod === undefined || pod.isEnding) {
        lines.push(`pod ${title} ends`);
        this.#ready.delete(title);
        this.#crashing.delete(title);
      } else if (this.#ready.has(title) && !pod.ready) {
        lines.push(`pod ${title} is not ready: ${pod.reason}${pod.isCrashing ? again : ''}`);
        this.#ready.delete(title);
        if (pod.isCrashing) this.#crashing.add(title);
      }
    }
    return lines;
  }
}

const again = ' (and so on; the next news is when it stays up)';
