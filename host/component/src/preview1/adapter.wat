;; WASI preview 1 for guests whose toolchain can't do without it (Go, wasi-libc, ...), on nothing but `tenon:etl/host`.
;;
;; What is printed goes to the run's log, line by line: standard output as `info`, standard error as `warn`. What explains
;; a trap goes there as `error`: a line that begins like a runtime's last words, and, when the guest exits, what standard
;; error said last as one message. The clock is the run's, random bytes are the run's. There are no files, no arguments, no environment and no sockets. Nothing can wait:
;; a sleep moves the monotonic clock forward and returns.
;;
;; A component must not call imports while the host calls its `cabi_realloc`, and a garbage collector that allocates
;; there may ask for the time. A guest that knows says so with `adapter_monotonic_clock_set_paused`: until it takes that
;; back, no import is called; clocks stand, and prints wait.
(module
  (import "tenon:etl/host@0.1.0" "log" (func $log (param $level i32) (param $text i32) (param $length i32)))
  (import "tenon:etl/host@0.1.0" "now" (func $now (param $answer i32)))
  (import "tenon:etl/host@0.1.0" "random" (func $random (param $bytes i32) (param $answer i32)))
  (import "env" "memory" (memory 0))

  ;; 8 KiB of the guest's memory that nobody else uses; 0 until a page has been taken for it. `SCRATCH` is an address
  ;; for guests whose memory must not be grown behind their back, else 0.
  ;;      0  what imports answer with
  ;;     64  standard output: bytes in the buffer, and where in it the current line starts
  ;;     72  standard error: the same
  ;;    128  texts of errors that imports answer with
  ;;   1024  buffer of standard output
  ;;   3072  buffer of standard error
  (global $scratch (mut i32) (i32.const SCRATCH))
  (global $paused (mut i32) (i32.const 0))
  ;; Whether something was printed while paused.
  (global $waiting (mut i32) (i32.const 0))
  ;; Nanoseconds since the Unix epoch, as the host last said.
  (global $wall (mut i64) (i64.const 0))
  ;; The last answer of the monotonic clock, and how far sleeps have moved it.
  (global $monotonic (mut i64) (i64.const 0))
  (global $slept (mut i64) (i64.const 0))
  ;; State of the generator that stands in where the host gives no random bytes.
  (global $seed (mut i64) (i64.const 0))
  ;; Where the list that an import answers with is to go, and its length; then, the next free byte for other answers.
  (global $list (mut i32) (i32.const 0))
  (global $list_length (mut i32) (i32.const 0))
  (global $free (mut i32) (i32.const 0))

  ;; Whether there is scratch memory.
  (func $ready (result i32)
    (local $page i32)
    (if (global.get $scratch) (then (return (i32.const 1))))
    (local.set $page (memory.grow (i32.const 1)))
    (if (i32.eq (local.get $page) (i32.const -1)) (then (return (i32.const 0))))
    (global.set $scratch (i32.shl (local.get $page) (i32.const 16)))
    (i32.const 1))

  (func (export "adapter_monotonic_clock_set_paused") (param $paused i32)
    (global.set $paused (local.get $paused))
    (if (i32.and (i32.eqz (local.get $paused)) (global.get $waiting))
      (then
        (global.set $waiting (i32.const 0))
        (call $log_lines (i32.const 1))
        (call $log_lines (i32.const 2)))))

  ;; Memory for what imports answer with: the bytes of `random` go where the guest wants them.
  (func (export "cabi_import_realloc")
    (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $place i32)
    (if (i32.and (i32.ne (local.get $size) (i32.const 0)) (i32.eq (local.get $size) (global.get $list_length)))
      (then
        (global.set $list_length (i32.const 0))
        (return (global.get $list))))
    (local.set $place
      (i32.and
        (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (global.set $free (i32.add (local.get $place) (local.get $size)))
    (if (i32.gt_u (global.get $free) (i32.add (global.get $scratch) (i32.const 1024))) (then (unreachable)))
    (local.get $place))

  ;; ---- clocks ----

  (func $ask_time
    (if (global.get $paused) (then (return)))
    (if (i32.eqz (call $ready)) (then (return)))
    (call $now (global.get $scratch))
    (global.set $wall
      (i64.add
        (i64.mul (i64.load (global.get $scratch)) (i64.const 1000000000))
        (i64.load32_u offset=8 (global.get $scratch)))))

  ;; Later than any answer before, whatever became of the host's clock.
  (func $tick (result i64)
    (local $time i64)
    (local.set $time (i64.add (global.get $wall) (global.get $slept)))
    (global.set $monotonic
      (select
        (local.get $time)
        (i64.add (global.get $monotonic) (i64.const 1))
        (i64.gt_s (local.get $time) (global.get $monotonic))))
    (global.get $monotonic))

  (func (export "clock_time_get") (param $clock i32) (param $precision i64) (param $answer i32) (result i32)
    (call $ask_time)
    (i64.store align=1 (local.get $answer)
      (if (result i64) (local.get $clock) (then (call $tick)) (else (global.get $wall))))
    (i32.const 0))

  (func (export "clock_res_get") (param $clock i32) (param $answer i32) (result i32)
    (i64.store align=1 (local.get $answer) (i64.const 1000))
    (i32.const 0))

  ;; Subscriptions have 48 bytes: at 0 the user's data, at 8 the kind (0 a clock), at 24 the time, at 40 whether it is
  ;; absolute. Events have 32: at 0 the user's data, at 8 the error, at 10 the kind. Standard streams are always ready;
  ;; where only clocks are waited for, time moves on to the first that rings.
  (func (export "poll_oneoff") (param $in i32) (param $out i32) (param $count i32) (param $events i32) (result i32)
    (local $this i32) (local $left i32) (local $found i32) (local $first i32)
    (local $time i64) (local $wait i64) (local $least i64)
    (if (i32.eqz (local.get $count)) (then (return (i32.const 28))))
    (call $ask_time)
    (local.set $time (call $tick))
    (local.set $least (i64.const -1))
    (local.set $this (local.get $in))
    (local.set $left (local.get $count))
    (loop $next
      (if (i32.load8_u offset=8 (local.get $this))
        (then
          (call $event (local.get $this) (local.get $out))
          (local.set $out (i32.add (local.get $out) (i32.const 32)))
          (local.set $found (i32.add (local.get $found) (i32.const 1))))
        (else
          (local.set $wait (i64.load offset=24 align=1 (local.get $this)))
          (if (i32.load16_u offset=40 align=1 (local.get $this))
            (then
              (local.set $wait
                (if (result i64) (i64.gt_u (local.get $wait) (local.get $time))
                  (then (i64.sub (local.get $wait) (local.get $time)))
                  (else (i64.const 0))))))
          (if (i64.le_u (local.get $wait) (local.get $least))
            (then
              (local.set $least (local.get $wait))
              (local.set $first (local.get $this))))))
      (local.set $this (i32.add (local.get $this) (i32.const 48)))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (if (i32.eqz (local.get $found))
      (then
        (global.set $slept (i64.add (global.get $slept) (local.get $least)))
        (call $event (local.get $first) (local.get $out))
        (local.set $found (i32.const 1))))
    (i32.store align=1 (local.get $events) (local.get $found))
    (i32.const 0))

  (func $event (param $subscription i32) (param $event i32)
    (memory.fill (local.get $event) (i32.const 0) (i32.const 32))
    (i64.store align=1 (local.get $event) (i64.load align=1 (local.get $subscription)))
    (i32.store8 offset=10 (local.get $event) (i32.load8_u offset=8 (local.get $subscription))))

  (func (export "sched_yield") (result i32) (i32.const 0))

  ;; ---- random bytes ----

  ;; The host has random bytes for runs only. A sandbox is made before it is given to a run, and runtimes seed their
  ;; hash tables then: for that, bytes drawn from the clock will do.
  (func (export "random_get") (param $place i32) (param $length i32) (result i32)
    (local $part i32)
    (if (i32.eqz (global.get $paused))
      (then
        (if (call $ready)
          (then
            (block $enough
              (loop $more
                (br_if $enough (i32.eqz (local.get $length)))
                (local.set $part
                  (select (local.get $length) (i32.const 65536) (i32.lt_u (local.get $length) (i32.const 65536))))
                (global.set $list (local.get $place))
                (global.set $list_length (local.get $part))
                (global.set $free (i32.add (global.get $scratch) (i32.const 128)))
                (call $random (local.get $part) (global.get $scratch))
                (global.set $list_length (i32.const 0))
                (br_if $enough (i32.load8_u (global.get $scratch)))
                (local.set $place (i32.add (local.get $place) (local.get $part)))
                (local.set $length (i32.sub (local.get $length) (local.get $part)))
                (br $more)))))))
    (call $draw (local.get $place) (local.get $length))
    (i32.const 0))

  ;; xorshift64.
  (func $draw (param $place i32) (param $length i32)
    (if (i64.eqz (global.get $seed))
      (then
        (call $ask_time)
        (global.set $seed (i64.or (i64.xor (call $tick) (i64.const 0x2545f4914f6cdd1d)) (i64.const 1)))))
    (block $enough
      (loop $more
        (br_if $enough (i32.eqz (local.get $length)))
        (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 13))))
        (global.set $seed (i64.xor (global.get $seed) (i64.shr_u (global.get $seed) (i64.const 7))))
        (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 17))))
        (i64.store8 (local.get $place) (i64.shr_u (global.get $seed) (i64.const 32)))
        (local.set $place (i32.add (local.get $place) (i32.const 1)))
        (local.set $length (i32.sub (local.get $length) (i32.const 1)))
        (br $more))))

  ;; ---- prints ----

  (func (export "fd_write") (param $fd i32) (param $parts i32) (param $count i32) (param $answer i32) (result i32)
    (local $length i32) (local $written i32)
    (if (i32.eqz (call $prints (local.get $fd))) (then (return (i32.const 8))))
    (block $enough
      (loop $more
        (br_if $enough (i32.eqz (local.get $count)))
        (local.set $length (i32.load offset=4 align=1 (local.get $parts)))
        (call $print (local.get $fd) (i32.load align=1 (local.get $parts)) (local.get $length))
        (local.set $written (i32.add (local.get $written) (local.get $length)))
        (local.set $parts (i32.add (local.get $parts) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $more)))
    (i32.store align=1 (local.get $answer) (local.get $written))
    (i32.const 0))

  (func $prints (param $fd i32) (result i32)
    (i32.or (i32.eq (local.get $fd) (i32.const 1)) (i32.eq (local.get $fd) (i32.const 2))))

  (func $state (param $fd i32) (result i32)
    (i32.add (global.get $scratch) (i32.add (i32.const 56) (i32.shl (local.get $fd) (i32.const 3)))))
  (func $buffer (param $fd i32) (result i32)
    (i32.add (global.get $scratch) (select (i32.const 1024) (i32.const 3072) (i32.eq (local.get $fd) (i32.const 1)))))
  (func $capacity (param $fd i32) (result i32)
    (select (i32.const 2048) (i32.const 5120) (i32.eq (local.get $fd) (i32.const 1))))
  ;; `info` and `warn`; `error` for standard error that begins with `panic`, `fatal` or `Assertion`.
  (func $level (param $fd i32) (param $from i32) (result i32)
    (local $word i32)
    (local.set $word (i32.load align=1 (i32.add (call $buffer (local.get $fd)) (local.get $from))))
    (if (i32.eq (local.get $fd) (i32.const 1)) (then (return (i32.const 2))))
    (select
      (i32.const 4)
      (i32.const 3)
      (i32.or
        (i32.eq (local.get $word) (i32.const 0x696e6170))
        (i32.or
          (i32.eq (local.get $word) (i32.const 0x61746166))
          (i32.eq (local.get $word) (i32.const 0x65737341))))))

  (func $print (param $fd i32) (param $text i32) (param $length i32)
    (local $state i32) (local $room i32)
    (if (i32.eqz (call $ready)) (then (return)))
    (local.set $state (call $state (local.get $fd)))
    (block $enough
      (loop $more
        (br_if $enough (i32.eqz (local.get $length)))
        (local.set $room (i32.sub (call $capacity (local.get $fd)) (i32.load (local.get $state))))
        (if (i32.eqz (local.get $room))
          (then
            (call $make_room (local.get $fd))
            (br $more)))
        (if (i32.gt_u (local.get $room) (local.get $length)) (then (local.set $room (local.get $length))))
        (memory.copy
          (i32.add (call $buffer (local.get $fd)) (i32.load (local.get $state)))
          (local.get $text)
          (local.get $room))
        (i32.store (local.get $state) (i32.add (i32.load (local.get $state)) (local.get $room)))
        (local.set $text (i32.add (local.get $text) (local.get $room)))
        (local.set $length (i32.sub (local.get $length) (local.get $room)))
        (if (global.get $paused)
          (then (global.set $waiting (i32.const 1)))
          (else (call $log_lines (local.get $fd))))
        (br $more))))

  ;; Forgets lines that were logged, at most half a buffer of them: the rest explains what comes. A line that fills the
  ;; buffer is logged in parts.
  (func $make_room (param $fd i32)
    (local $state i32) (local $start i32) (local $half i32)
    (local.set $state (call $state (local.get $fd)))
    (local.set $start (i32.load offset=4 (local.get $state)))
    (if (i32.eqz (local.get $start))
      (then
        (if (i32.eqz (global.get $paused))
          (then
            (call $log_part
              (local.get $fd)
              (call $level (local.get $fd) (i32.const 0))
              (i32.const 0)
              (i32.load (local.get $state)))))
        (i32.store (local.get $state) (i32.const 0))
        (return)))
    (local.set $half (i32.shr_u (call $capacity (local.get $fd)) (i32.const 1)))
    (if (i32.gt_u (local.get $start) (local.get $half)) (then (local.set $start (local.get $half))))
    (i32.store (local.get $state) (i32.sub (i32.load (local.get $state)) (local.get $start)))
    (i32.store offset=4 (local.get $state) (i32.sub (i32.load offset=4 (local.get $state)) (local.get $start)))
    (memory.copy
      (call $buffer (local.get $fd))
      (i32.add (call $buffer (local.get $fd)) (local.get $start))
      (i32.load (local.get $state))))

  ;; Logs the lines that are complete.
  (func $log_lines (param $fd i32)
    (local $state i32) (local $at i32)
    (if (i32.eqz (call $ready)) (then (return)))
    (local.set $state (call $state (local.get $fd)))
    (local.set $at (i32.load offset=4 (local.get $state)))
    (block $enough
      (loop $more
        (br_if $enough (i32.ge_u (local.get $at) (i32.load (local.get $state))))
        (if (i32.eq (i32.load8_u (i32.add (call $buffer (local.get $fd)) (local.get $at))) (i32.const 10))
          (then
            (call $log_part
              (local.get $fd)
              (call $level (local.get $fd) (i32.load offset=4 (local.get $state)))
              (i32.load offset=4 (local.get $state))
              (local.get $at))
            (i32.store offset=4 (local.get $state) (i32.add (local.get $at) (i32.const 1)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $more))))

  (func $log_part (param $fd i32) (param $level i32) (param $from i32) (param $to i32)
    (local $text i32)
    (if (i32.ge_u (local.get $from) (local.get $to)) (then (return)))
    (local.set $text (i32.add (call $buffer (local.get $fd)) (local.get $from)))
    (local.set $to (i32.sub (local.get $to) (local.get $from)))
    (call $make_utf8 (local.get $text) (i32.add (local.get $text) (local.get $to)))
    (call $log (local.get $level) (local.get $text) (local.get $to)))

  ;; Puts `?` for bytes that are no UTF-8: the host traps on those.
  (func $make_utf8 (param $at i32) (param $end i32)
    (local $byte i32) (local $length i32)
    (block $enough
      (loop $more
        (br_if $enough (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $byte (i32.load8_u (local.get $at)))
        (local.set $length (i32.const 1))
        (if (i32.ge_u (local.get $byte) (i32.const 0x80))
          (then
            (local.set $length (call $letter (local.get $at) (i32.sub (local.get $end) (local.get $at))))
            (if (i32.eqz (local.get $length))
              (then
                (i32.store8 (local.get $at) (i32.const 63))
                (local.set $length (i32.const 1))))))
        (local.set $at (i32.add (local.get $at) (local.get $length)))
        (br $more))))

  ;; Number of bytes of the letter that starts here and is not ASCII; 0 where none does.
  (func $letter (param $at i32) (param $left i32) (result i32)
    (local $first i32) (local $second i32) (local $low i32) (local $high i32) (local $length i32)
    (local.set $first (i32.load8_u (local.get $at)))
    (local.set $low (i32.const 0x80))
    (local.set $high (i32.const 0xbf))
    (if (i32.lt_u (local.get $first) (i32.const 0xc2)) (then (return (i32.const 0))))
    (if (i32.gt_u (local.get $first) (i32.const 0xf4)) (then (return (i32.const 0))))
    (local.set $length
      (i32.add
        (i32.const 2)
        (i32.add
          (i32.ge_u (local.get $first) (i32.const 0xe0))
          (i32.ge_u (local.get $first) (i32.const 0xf0)))))
    (if (i32.lt_u (local.get $left) (local.get $length)) (then (return (i32.const 0))))
    ;; Overlong forms, surrogates, and what lies beyond the last letter.
    (if (i32.eq (local.get $first) (i32.const 0xe0)) (then (local.set $low (i32.const 0xa0))))
    (if (i32.eq (local.get $first) (i32.const 0xed)) (then (local.set $high (i32.const 0x9f))))
    (if (i32.eq (local.get $first) (i32.const 0xf0)) (then (local.set $low (i32.const 0x90))))
    (if (i32.eq (local.get $first) (i32.const 0xf4)) (then (local.set $high (i32.const 0x8f))))
    (local.set $second (i32.load8_u offset=1 (local.get $at)))
    (if (i32.lt_u (local.get $second) (local.get $low)) (then (return (i32.const 0))))
    (if (i32.gt_u (local.get $second) (local.get $high)) (then (return (i32.const 0))))
    (if (i32.ge_u (local.get $length) (i32.const 3))
      (then (if (i32.eqz (call $continues (i32.load8_u offset=2 (local.get $at)))) (then (return (i32.const 0))))))
    (if (i32.eq (local.get $length) (i32.const 4))
      (then (if (i32.eqz (call $continues (i32.load8_u offset=3 (local.get $at)))) (then (return (i32.const 0))))))
    (local.get $length))

  (func $continues (param $byte i32) (result i32)
    (i32.eq (i32.and (local.get $byte) (i32.const 0xc0)) (i32.const 0x80)))

  ;; Ends the sandbox, with what standard error said last as the explanation.
  (func (export "proc_exit") (param $code i32)
    (local $length i32)
    (if (i32.and (i32.eqz (global.get $paused)) (i32.ne (global.get $scratch) (i32.const 0)))
      (then
        (call $log_part
          (i32.const 1)
          (i32.const 2)
          (i32.load offset=4 (call $state (i32.const 1)))
          (i32.load (call $state (i32.const 1))))
        (local.set $length (i32.load (call $state (i32.const 2))))
        (if (local.get $length)
          (then
            (local.set $length
              (i32.sub
                (local.get $length)
                (i32.eq
                  (i32.load8_u
                    (i32.add (call $buffer (i32.const 2)) (i32.sub (local.get $length) (i32.const 1))))
                  (i32.const 10))))
            (call $log_part (i32.const 2) (i32.const 4) (i32.const 0) (local.get $length))))))
    (unreachable))

  ;; ---- standard streams: there, and no files ----

  (func $open (param $fd i32) (result i32)
    (i32.lt_u (local.get $fd) (i32.const 3)))

  ;; Standard input is at its end.
  (func (export "fd_read") (param $fd i32) (param i32 i32) (param $answer i32) (result i32)
    (if (local.get $fd) (then (return (i32.const 8))))
    (i32.store align=1 (local.get $answer) (i32.const 0))
    (i32.const 0))
  (func (export "fd_close") (param $fd i32) (result i32)
    (select (i32.const 0) (i32.const 8) (call $open (local.get $fd))))
  ;; A character device, so that C flushes after each line; it may be written to.
  (func (export "fd_fdstat_get") (param $fd i32) (param $answer i32) (result i32)
    (if (i32.eqz (call $open (local.get $fd))) (then (return (i32.const 8))))
    (memory.fill (local.get $answer) (i32.const 0) (i32.const 24))
    (i32.store8 (local.get $answer) (i32.const 2))
    (i64.store offset=8 align=1 (local.get $answer)
      (select (i64.const 64) (i64.const 2) (local.get $fd)))
    (i32.const 0))
  (func (export "fd_filestat_get") (param $fd i32) (param $answer i32) (result i32)
    (if (i32.eqz (call $open (local.get $fd))) (then (return (i32.const 8))))
    (memory.fill (local.get $answer) (i32.const 0) (i32.const 64))
    (i32.store8 offset=16 (local.get $answer) (i32.const 2))
    (i32.const 0))
  (func (export "fd_fdstat_set_flags") (param $fd i32) (param i32) (result i32)
    (select (i32.const 0) (i32.const 8) (call $open (local.get $fd))))
  (func (export "fd_sync") (param $fd i32) (result i32)
    (select (i32.const 0) (i32.const 8) (call $open (local.get $fd))))
  (func (export "fd_datasync") (param $fd i32) (result i32)
    (select (i32.const 0) (i32.const 8) (call $open (local.get $fd))))
  ;; Streams can't be sought in (70); nothing else is there (8).
  (func (export "fd_seek") (param $fd i32) (param i64 i32 i32) (result i32)
    (select (i32.const 70) (i32.const 8) (call $open (local.get $fd))))
  (func (export "fd_tell") (param $fd i32) (param i32) (result i32)
    (select (i32.const 70) (i32.const 8) (call $open (local.get $fd))))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_allocate") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_rights") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_renumber") (param i32 i32) (result i32) (i32.const 8))

  (func (export "path_create_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_remove_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_unlink_file") (param i32 i32 i32) (result i32) (i32.const 8))

  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 8))

  (func (export "proc_raise") (param i32) (result i32) (i32.const 52))

  ;; ---- no arguments, no environment ----

  (func $none (param $count i32) (param $bytes i32) (result i32)
    (i32.store align=1 (local.get $count) (i32.const 0))
    (i32.store align=1 (local.get $bytes) (i32.const 0))
    (i32.const 0))
  (export "args_sizes_get" (func $none))
  (export "environ_sizes_get" (func $none))
  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0)))
