"""`moorline` on a machine whose clock is wrong, or at a later time: `elsewhere.py <wrong_s> <later_s> serve|worker`.

`wrong_s`: how far the machine's clock is ahead of everybody's. `later_s`: how much time has gone by for this process
alone, as it has for everybody else when one process was frozen.
"""

import sys
from datetime import timedelta

from moorline import clock
from moorline.cli import main

if __name__ == "__main__":
    right, wrong_s, later_s = clock.machine_now, float(sys.argv[1]), float(sys.argv[2])
    clock.machine_now = lambda: right() + timedelta(seconds=wrong_s)
    clock.advance(timedelta(seconds=later_s))
    sys.argv = ["moorline", *sys.argv[3:]]
    main()
