;;; heal.el --- emacs -Q --batch -l heal.el FILE; heals FILE through eglot -*- lexical-binding: t -*-
;; From the failing test to the saved file, and back by undo. Exits 1 at the first thing that is wrong.
(require 'package)
(setq package-archives nil)
(package-initialize)
(require 'eglot)
(require 'python)

(defvar heal-file (car command-line-args-left))
(setq command-line-args-left nil)
(defvar heal-messages nil)

(defun heal-say (format &rest arguments)
  (princ (concat (apply #'format format arguments) "\n")))

(defun heal-idle ()
  "Do what eglot does when Emacs is idle, which it never is in batch mode: tell the server of changes."
  (when (eglot-managed-p) (eglot--signal-textDocument/didChange)))

(defmacro heal-soon (seconds what form)
  "Wait SECONDS for FORM to become true, else exit with WHAT."
  `(let ((end (+ (float-time) ,seconds)) value)
     (while (and (not (setq value ,form)) (< (float-time) end)) (accept-process-output nil 0.02) (heal-idle))
     (unless value (heal-say "FAIL %s %S" ,what heal-messages) (kill-emacs 1))
     (heal-say "ok %s" ,what)
     value))

(cl-defmethod eglot-handle-notification :before
  (_server (_method (eql window/showMessage)) &key message &allow-other-keys)
  (push message heal-messages))

(setq eglot-server-programs `((python-mode . (,(getenv "HEAL_TEST_SERVER") "-m" "heal_lsp" "serve")))
      eglot-sync-connect 20
      eglot-confirm-server-initiated-edits nil
      eglot-autoshutdown nil
      eglot-extend-to-xref nil
      eglot-stay-out-of '(eldoc)
      eglot-send-changes-idle-time 0.05
      flymake-no-changes-timeout 0.1
      make-backup-files nil)

(find-file heal-file)
(python-mode)
(buffer-enable-undo)
(let ((project-find-functions (list (lambda (_) (cons 'transient (file-name-directory heal-file))))))
  (apply #'eglot (eglot--guess-contact)))
(heal-soon 20 "the server is attached" (eglot-managed-p))
(defvar heal-broken (buffer-string))
(set-buffer-modified-p t)
(save-buffer)
(flymake-mode 1)
(heal-soon 30 "saving ran the test, and the function is marked" (progn (flymake-start) (flymake-diagnostics)))
(let* ((found (car (flymake-diagnostics)))
       (actions (eglot-code-actions (flymake-diagnostic-beg found) (flymake-diagnostic-end found) nil nil))
       (heal (cl-find "quickfix.heal" actions :key (lambda (each) (plist-get each :kind)) :test #'equal)))
  (unless heal (heal-say "FAIL no heal action in %S" actions) (kill-emacs 1))
  (undo-boundary)
  (eglot--dbind ((Command) command arguments) (plist-get heal :command)
    (eglot-execute-command (eglot-current-server) (intern command) arguments)))
(heal-soon 60 "a verified edit arrives" (not (equal (buffer-string) heal-broken)))
(heal-soon 30 "the evidence is told"
           (cl-find-if (lambda (each) (string-match-p "now pass" each)) heal-messages))
(heal-soon 30 "the diagnostic is cleared" (progn (flymake-start) (null (flymake-diagnostics))))
(defvar heal-healed (buffer-string))
(save-buffer)
(heal-soon 5 "the file on disk is the healed one"
           (equal heal-healed (with-temp-buffer (insert-file-contents heal-file) (buffer-string))))
(undo-boundary)
(undo)
(heal-soon 5 "one undo brings the old text back" (equal (buffer-string) heal-broken))
(set-buffer-modified-p nil)
(eglot-shutdown (eglot-current-server))
(heal-say "DONE %s" (car heal-messages))
(kill-emacs 0)
