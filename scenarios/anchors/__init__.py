"""What brings people into a scenario: each module is one kind of moment. See core/scenario.py for the contract."""
