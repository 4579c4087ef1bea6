import { busContract } from './bus-contract.ts';
import { createNatsHub } from './nats-hub.ts';

busContract('nats', createNatsHub);
