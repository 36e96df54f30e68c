-- A job whose cut-outs are doubtful may wait for somebody to look before anything is drawn.
INSERT INTO transitions (machine, from_state, to_state) VALUES
    ('jobs', 'planning', 'held'), ('jobs', 'held', 'rendering'), ('jobs', 'held', 'cancelled');
