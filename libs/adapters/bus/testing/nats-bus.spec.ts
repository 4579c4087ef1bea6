import { busContract } from './bus-contract.ts';
import { createNatsHub } from './nats-hub.ts';

busContract('nats', () => createNatsHub({ accounts: false }));
busContract('nats, an account per service', () => createNatsHub({ accounts: true }));
